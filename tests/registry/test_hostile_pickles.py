"""No pickle is ever run by loading a model without trust, however it is written or wrapped.

The ways are those documented for Python's pickle machine (pickletools lists every opcode) and those that
scanners of pickles have been passed by: bytes behind STOP, broken ends, other archives, other names.
Each that can do so harmlessly is first shown to fire, so that the refusals below mean something.
"""

import base64
import bz2
import contextlib
import copyreg
import gzip
import io
import lzma
import pickle
import sys
import tarfile
import types
import zipfile
import zlib

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prodml.errors import IntegrityError, ProdmlError, UntrustedModelError
from prodml.fingerprint.container import pack, unpack
from prodml.fingerprint.digest import sha256
from prodml.registry.formats import inert, joblibbed, pickled
from prodml.registry.formats.choices import FORMATS, admit
from prodml.registry.formats.mapped import MappedModel
from prodml.registry.formats.receipts import Receipts

FIRED = []
_CANARY = types.ModuleType("prodml_canary")


def _fire(*_, **__):
    FIRED.append(1)
    return 0


class _Maker:
    """Fires when it is made."""

    def __new__(cls, *_, **__):
        _fire()
        return object.__new__(cls)


class _Setter:
    """Fires when its state is set, an item is set or appended."""

    def __setstate__(self, state):
        _fire()

    def append(self, item):
        _fire()

    def extend(self, items):
        _fire()

    def __setitem__(self, key, value):
        _fire()


_CANARY.fire, _CANARY.Maker, _CANARY.Setter = _fire, _Maker, _Setter
_CANARY.holder = types.SimpleNamespace(fire=_fire, deep=types.SimpleNamespace(fire=_fire))
_fire.__module__ = _Maker.__module__ = _Setter.__module__ = "prodml_canary"
_fire.__name__ = _fire.__qualname__ = "fire"
_Maker.__name__ = _Maker.__qualname__ = "Maker"
_Setter.__name__ = _Setter.__qualname__ = "Setter"


@pytest.fixture(autouse=True)
def canary(monkeypatch):
    """A module whose function leaves a trace when called."""
    monkeypatch.setitem(sys.modules, "prodml_canary", _CANARY)
    for code in (241, 4000, 70000):
        monkeypatch.setitem(copyreg._inverted_registry, code, ("prodml_canary", "fire"))
    copyreg._extension_cache.clear()
    FIRED.clear()
    yield
    copyreg._extension_cache.clear()
    assert FIRED == []


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def stacked(module, name):
    return text(module) + text(name) + b"\x93"


class Reduces:
    """Pickles to whatever it is given."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


G = b"cprodml_canary\nfire\n"
MAKER = b"cprodml_canary\nMaker\n"
SETTER = b"cprodml_canary\nSetter\n)\x81"
SG = stacked("prodml_canary", "fire")
CALL = G + b")R"
HOSTILE = CALL + b"."
BENIGN = pickle.dumps({"a": [1, 2]}, 4)


def zipped(name, data, **how):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **how) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def tarred(data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("model.pkl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def saved(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def job(value, compress=0):
    buffer = io.BytesIO()
    joblib.dump(value, buffer, compress=compress)
    return buffer.getvalue()


def objects(value):
    array = np.empty(1, dtype=object)
    array[0] = value
    return array


def hiding(value):
    model = make_pipeline(StandardScaler(), LinearRegression()).fit([[0.0], [1.0]], [0.0, 1.0])
    model[1].extra_ = value
    return model


# What calls the canary when it is unpickled.
FIRING = {
    "reduce": HOSTILE,
    **{f"protocol {p}": b"\x80" + bytes([p]) + HOSTILE for p in range(6)},
    "stack global": b"\x80\x04" + SG + b")R.",
    "stack global of long text": b"\x80\x04X\x0d\0\0\0prodml_canaryX\x04\0\0\0fire\x93)R.",
    "stack global of memoized text": b"\x80\x04" + text("prodml_canary") + b"\x94" + text("fire")
    + b"\x940h\0h\1\x93)R.",
    "stack global of unicode lines": b"\x80\x04Vprodml_canary\nVfire\n\x93)R.",
    "stack global of counted bytes": b"\x80\x04\x8d\x0d\0\0\0\0\0\0\0prodml_canary" + text("fire")
    + b"\x93)R.",
    "dotted name": b"\x80\x04" + stacked("prodml_canary", "holder.fire") + b")R.",
    "deeper dotted name": b"\x80\x04" + stacked("prodml_canary", "holder.deep.fire") + b")R.",
    "inst": b"(iprodml_canary\nfire\n.",
    "inst with arguments": b"(I1\nI2\niprodml_canary\nfire\n.",
    "obj": b"(" + G + b"o.",
    "obj with arguments": b"(" + G + b"I1\no.",
    "newobj": b"\x80\x02" + MAKER + b")\x81.",
    "newobj with keywords": b"\x80\x04" + MAKER + b")}\x92.",
    "build": b"\x80\x02" + SETTER + b"}b.",
    "append": b"\x80\x02" + SETTER + b"Na.",
    "appends": b"\x80\x02" + SETTER + b"(NNe.",
    "setitem": b"\x80\x02" + SETTER + b"NNs.",
    "setitems": b"\x80\x02" + SETTER + b"(NNu.",
    "extension of one byte": b"\x80\x02\x82\xf1)R.",
    "extension of two bytes": b"\x80\x02\x83\xa0\x0f)R.",
    "extension of four bytes": b"\x80\x02\x84\x70\x11\x01\0)R.",
    "arguments of one": G + b"N\x85R.",
    "arguments of two": G + b"NN\x86R.",
    "arguments of three": G + b"NNN\x87R.",
    "arguments of a mark": G + b"(NNNNtR.",
    "in a list": b"(" + CALL + b"l.",
    "in an empty list": b"](" + CALL + b"e.",
    "in a tuple": b"(" + CALL + b"t.",
    "as a key": b"(" + CALL + b"Nd.",
    "as a value": b"(N" + CALL + b"d.",
    "in a set": b"\x80\x04\x8f(" + CALL + b"\x90.",
    "in a frozen set": b"\x80\x04(" + CALL + b"\x91.",
    "called, then dropped": CALL + b"0N.",
    "called, then dropped to a mark": b"(" + CALL + b"1N.",
    "called twice": G + b"2)R0)R.",
    "put and got": G + b"p0\n0g0\n)R.",
    "put and got in binary": G + b"q\x000h\0)R.",
    "put and got far away": G + b"r\0\1\0\x000j\0\1\0\0)R.",
    "memoized": b"\x80\x04" + SG + b"\x940h\0)R.",
    "put over something harmless": b"Np0\n0" + G + b"p0\n0g0\n)R.",
    "in a frame": b"\x80\x04\x95" + len(HOSTILE).to_bytes(8, "little") + HOSTILE,
    "in two frames": b"\x80\x04\x95\x01" + bytes(7) + b"N\x95" + len(HOSTILE).to_bytes(8, "little")
    + HOSTILE,
    "before bytes that are no opcode": CALL + b"\xff",
    "before the end is missing": CALL,
    "before an unknown name": CALL + b"0cno_such_module\nthing\n.",
    "before an empty stack": CALL + b"00000.",
    "before another pickle": HOSTILE + BENIGN,
    "by another loads": b"c_pickle\nloads\n(C" + bytes([len(HOSTILE)]) + HOSTILE + b"tR.",
    "by exec": b"cbuiltins\nexec\n(Vimport prodml_canary; prodml_canary.fire()\ntR.",
    "by eval": b"cbuiltins\neval\n(V__import__('prodml_canary').fire()\ntR.",
    "by the old name of builtins": b"c__builtin__\neval\n(V__import__('prodml_canary').fire()\ntR.",
    "by getattr of an import": b"cbuiltins\ngetattr\n(cimportlib\nimport_module\n(Vprodml_canary\ntRVfire\ntR)R.",
    "by __import__": b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(Vprodml_canary\ntRVfire\ntR)R.",
    "by resolving a name": b"cpkgutil\nresolve_name\n(Vprodml_canary:fire\ntR)R.",
    "by a getter of attributes": b"coperator\nattrgetter\n(Vfire\ntR(cimportlib\nimport_module\n(Vprodml_canary\ntRtR)R.",
    "by a caller of methods": b"coperator\nmethodcaller\n(Vfire\ntR(cimportlib\nimport_module\n(Vprodml_canary\ntRtR.",
    "by a map": b"cbuiltins\nlist\n(cbuiltins\nmap\n(" + G + b"(NltRtR.",
    "by a partial": b"cfunctools\npartial\n(" + G + b"tR)R.",
    "by a reduce of functools": b"cfunctools\nreduce\n(" + G + b"(NNltR.",
    "by an apply along an axis": b"cnumpy\napply_along_axis\n(" + G + b"I0\n(NNltR.",
    "by the reconstructor": b"ccopyreg\n__newobj__\n(" + MAKER + b"tR.",
}  # fmt: skip
WRAPPED = {
    "zip": zipped("model.pkl", HOSTILE),
    "zip, deflated": zipped("model.pkl", HOSTILE, compression=zipfile.ZIP_DEFLATED),
    "zip, as torch writes it": zipped("archive/data.pkl", HOSTILE),
    "zip, as skops writes it": zipped(
        "schema.json", b'{"__class__": "system", "__module__": "os"}'
    ),
    "zip with a broken checksum": zipped("model.pkl", HOSTILE).replace(b"canary", b"canarY", 1),
    "zip behind a pickle": HOSTILE + zipped("model.pkl", BENIGN),
    "tar": tarred(HOSTILE),
    "gzip": gzip.compress(HOSTILE),
    "zlib": zlib.compress(HOSTILE),
    "bz2": bz2.compress(HOSTILE),
    "lzma": lzma.compress(HOSTILE),
    "gzip twice": gzip.compress(gzip.compress(HOSTILE)),
    "base64": base64.b64encode(HOSTILE),
    "base64 in base64": b"cbase64\nb64decode\n(V" + base64.b64encode(HOSTILE) + b"\ntR.",
    "behind STOP": b"N." + HOSTILE,
    "behind a benign pickle": BENIGN + HOSTILE,
    "behind zeros": bytes(64) + HOSTILE,
    "behind a byte order mark": b"\xef\xbb\xbf" + HOSTILE,
    "in a header of numpy": saved(np.zeros(1)).replace(b"False", b"exit(", 1),
    "persistent id": b"Pprodml_canary.fire\n.",
    "persistent id in binary": b"Vprodml_canary.fire\nQ.",
    "a frame that is too long": b"\x80\x04\x95" + b"\xff" * 8 + HOSTILE,
    "a protocol from the future": b"\x80\x7f" + HOSTILE,
    "a memo of four billion": b"Nr\xff\xff\xff\xff0" + HOSTILE,
    "long text that is not there": b"X\xff\xff\xff\x7f" + HOSTILE,
    "recursion": b"(" * 5000 + b"N" + b"t" * 5000 + b".",
    "a tuple that contains itself": b"\x80\x02]q\x00h\x00a.",
}
# Never run here: what others have smuggled in. Only looked up, and refused.
_NAMES = """
os.system posix.system nt.system os.popen os.execv os.remove os.spawnl subprocess.Popen subprocess.run
subprocess.call subprocess.check_output subprocess.getoutput builtins.eval builtins.exec builtins.compile
builtins.open builtins.getattr builtins.setattr builtins.__import__ builtins.breakpoint builtins.input
importlib.import_module importlib.machinery.SourceFileLoader imp.load_source runpy.run_path
runpy._run_code pty.spawn commands.getoutput webbrowser.open shutil.rmtree shutil.copy socket.socket
socket.create_connection urllib.request.urlopen http.client.HTTPSConnection requests.api.get ssl.get_server_certificate
ctypes.CDLL ctypes.cdll.LoadLibrary code.InteractiveInterpreter codeop.compile_command timeit.timeit
timeit.main cProfile.run cProfile.runctx profile.run profile.Profile.runctx trace.Trace.run pdb.run bdb.Bdb
doctest.debug_script idlelib.run.Executive idlelib.pyshell.ModifiedInterpreter lib2to3.pgen2.grammar.Grammar
pip.main pip._internal.main ensurepip._run_pip venv.create pydoc.pipepager pydoc.tempfilepager
pkgutil.resolve_name operator.attrgetter operator.methodcaller functools.partial types.FunctionType
types.CodeType asyncio.unix_events._UnixSubprocessTransport._start asyncio.create_subprocess_shell
multiprocessing.util.spawnv_passfds concurrent.futures.ProcessPoolExecutor distutils.file_util.write_file
logging.config.fileConfig logging.config.listen logging.FileHandler tempfile.mktemp atexit.register
signal.signal threading.Thread sys.settrace sys.exit _thread.start_new_thread uuid._get_command_stdout
numpy.load numpy.save numpy.memmap numpy.testing._private.utils.runstring numpy.f2py.capi_maps.getinit
numpy.distutils.exec_command pandas.eval pandas.read_pickle pandas.io.pickle.read_pickle joblib.load
joblib.memory.Memory joblib.externals.cloudpickle.loads dill.loads cloudpickle.loads torch.load
torch.jit.load torch.hub.load torch._dynamo.guards.GuardBuilder.get marshal.loads shelve.open
sklearn.utils._testing.SkipTest sklearn.datasets.fetch_openml sklearn.externals._arff.load
sklearn.datasets._base.load_files sklearn.utils._joblib.Memory sqlite3.connect yaml.unsafe_load
xmlrpc.server.resolve_dotted_attribute smtplib.SMTP ftplib.FTP turtle.exec aifc.open cgitb.lookup
"""
NAMED = _NAMES.split()


def refuse(data, tmp_path):
    """Every way to load without trust refuses, with an error of ours."""
    with pytest.raises(ProdmlError):
        inert.loads(data)
    with pytest.raises(IntegrityError):
        unpack(data)
    path = tmp_path / "model"
    path.write_bytes(data)
    with pytest.raises(ProdmlError):
        MappedModel(path, sha256(data), Receipts())
    for form in FORMATS.values():
        with pytest.raises(UntrustedModelError, match="If you trust"):
            admit(form, trust=None, verified=False, ref="x/1")


@pytest.mark.parametrize("how", FIRING)
def test_what_fires_when_unpickled_never_does_here(how, tmp_path):
    with contextlib.suppress(Exception):
        pickle.loads(FIRING[how])
    assert FIRED != []
    FIRED.clear()
    refuse(FIRING[how], tmp_path)


@pytest.mark.parametrize("how", WRAPPED)
def test_what_is_wrapped_or_broken_is_refused(how, tmp_path):
    refuse(WRAPPED[how], tmp_path)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 1), ("bz2", 1), ("lzma", 1), ("xz", 1)])
@pytest.mark.parametrize(
    "shape",
    [lambda v: v, hiding, objects, lambda v: [{"a": (v,)}]],
    ids=["bare", "model", "array", "deep"],
)
def test_what_joblib_writes_is_refused(shape, compress, tmp_path):
    data = job(shape(Reduces(_CANARY.fire, ())), compress)
    refuse(data, tmp_path)
    joblibbed.loads(data)
    assert FIRED.pop() == 1  # with trust it runs: that is what trust means


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "reduced",
    [
        lambda: Reduces(_CANARY.fire, ()),
        lambda: Reduces(list, (), None, iter([Reduces(_CANARY.fire, ())])),
        lambda: Reduces(dict, (), None, None, iter([(1, Reduces(_CANARY.fire, ()))])),
        lambda: Reduces(list, (), 1, None, None, _CANARY.fire),
        lambda: Reduces(_CANARY.Setter, (), {"a": 1}),
        lambda: Reduces(_CANARY.Maker, ()),
    ],
    ids=["function", "items", "pairs", "setter of a state", "state", "class"],
)
def test_what_dumps_writes_is_refused(reduced, protocol, tmp_path):
    data = pickle.dumps(hiding(reduced()), protocol)
    FIRED.clear()  # making some of them fires
    refuse(data, tmp_path)
    pickled.loads(data)
    assert FIRED
    FIRED.clear()


def test_an_array_of_objects_saved_by_numpy_is_refused(tmp_path):
    refuse(saved(objects(Reduces(_CANARY.fire, ()))), tmp_path)


@pytest.mark.parametrize("name", NAMED)
def test_a_container_that_names_a_way_to_run_code_is_refused(name, tmp_path):
    module, _, attribute = name.rpartition(".")
    refuse(f"c{module}\n{attribute}\n(Vtrue\ntR.".encode(), tmp_path)
    header, arrays = unpack(inert.dumps(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])))
    for node in (["function", name], ["type", name], ["partial", ["function", name], "a", 1]):
        header["objects"][0] += ["extra", node]
        with pytest.raises(UntrustedModelError, match="the file names"):
            inert.loads(pack(header, arrays))
        del header["objects"][0][-2:]
    for entry in (
        ["new", name],
        ["many", name, 3],
        ["loss", name],
        ["neighbours", name, 1, 1, 1, 1],
    ):
        changed = {**header, "objects": [*header["objects"], entry]}
        with pytest.raises(ProdmlError):
            inert.loads(pack(changed, arrays))


def test_there_are_more_than_eighty_kinds():
    assert len(FIRING) + len(WRAPPED) >= 80
    assert len(NAMED) >= 80


@pytest.mark.parametrize("how", ["reduce", "in a frame", "by exec"])
@pytest.mark.parametrize("form", ["pickle", "joblib", "onnx", "skops", "inert"])
def test_a_registry_never_runs_it_without_trust(registry, weak, monkeypatch, how, form):
    with monkeypatch.context() as patch:
        patch.setattr(pickled, "dumps", lambda *_: FIRING[how])
        patch.setattr(inert, "dumps", lambda *_, **__: FIRING[how])
        modules = dict.fromkeys(FORMATS, "pickled")
        patch.setattr("prodml.registry.formats.choices._MODULES", modules)
        registry.register("x", weak, format=form)
    with pytest.raises(ProdmlError):
        registry.load("x/1")
