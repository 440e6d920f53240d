"""Answers, wherever the questions come from.

`Predictor` has no web framework inside: it validates, routes, predicts, logs and counts. The fronts are
thin: `HttpServer` on the standard library, `asgi_app` for any ASGI server; both speak through
`Endpoints`, a pure function from request to response that a host may call itself.
"""

from prodml._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prodml.serving.asgi import asgi_app as asgi_app
    from prodml.serving.endpoints import Endpoints as Endpoints
    from prodml.serving.endpoints import Request as Request
    from prodml.serving.endpoints import Response as Response
    from prodml.serving.http import HttpServer as HttpServer
    from prodml.serving.prediction import Prediction as Prediction
    from prodml.serving.predictor import Predictor as Predictor

__all__ = [
    "Endpoints",
    "HttpServer",
    "Prediction",
    "Predictor",
    "Request",
    "Response",
    "asgi_app",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Endpoints": "prodml.serving.endpoints",
        "HttpServer": "prodml.serving.http",
        "Prediction": "prodml.serving.prediction",
        "Predictor": "prodml.serving.predictor",
        "Request": "prodml.serving.endpoints",
        "Response": "prodml.serving.endpoints",
        "asgi_app": "prodml.serving.asgi",
    },
)
