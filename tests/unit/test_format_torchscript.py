"""TorchScript: code that calls listed operators and itself is safe; whatever else it calls is named."""

from __future__ import annotations

import pytest

from registration.artifacts import profiles
from registration.artifacts.scan import Report, Verdict
from tests import scanning
from tests.archives import zipped
from tests.pickle_assembly import BUILD, EMPTY_TUPLE, NEWOBJ, STOP, called, mapping, named, proto, text
from tests.scanning import codes

TORCH = profiles.named("torch")
NET = """class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  __annotations__["0"] = __torch__.nets.___torch_mangle_3.Layer
  weight : Tensor
  training : bool
  size : Final[int] = 8
  def forward(self: __torch__.nets.Net,
    x: Tensor,
    flag: Optional[bool]=None) -> Tuple[Tensor, List[int]]:
    _0 = __torch__.torch.nn.functional.embedding
    _1 = "AssertionError: 100% {}"
    layer = getattr(self, "0")
    if torch.__isnot__(flag, None):
      y = (layer).forward(x, )
    else:
      y = torch.add(x, self.weight, alpha=-1.5e-3)
    if torch.gt(torch.dim(y), 0):
      pass
    else:
      ops.prim.RaiseException(torch.format(_1, unchecked_cast(int, 3)))
    z = annotate(List[int], [])
    for i in range(3):
      _2 = torch.append(z, i)
    (self).helper(y, )
    return (_0(y, CONSTANTS.c0, ), z)
"""
FUNCTION = "def add(a: Tensor,\n    b: Tensor) -> Tensor:\n  return torch.add(a, b)\n"


def report(code: str, *, profile: str = "torch") -> Report:
    return scanning.report(code.encode(), "code/__torch__/nets.py", profile=profiles.named(profile))


def calling(line: str) -> str:
    return FUNCTION.replace("return torch.add(a, b)", line)


@pytest.mark.parametrize("code", [NET, FUNCTION, "op_version_set = 1\n" + NET, calling("return a")])
def test_code_that_calls_listed_operators_and_itself_is_safe(code: str) -> None:
    found = report(code)

    assert (found.format, found.verdict, codes(found)) == ("torchscript", Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('torch.save(a, "/tmp/x")', "torch.save"),
        ('torch.from_file("/etc/passwd", True, 9)', "torch.from_file"),
        ("torch.as_strided(a, [9], [1], 99)", "torch.as_strided"),
        ("torch.brand_new(a)", "torch.brand_new"),
        ("torch . save(a)", "torch.save"),
        ("torch.\n    save(a)", "torch.save"),
        ('a.save("/tmp/x")', "save"),
        ('(a).save("/tmp/x")', "save"),
        ('torch.add(a, b).save("x")', "save"),
        ('f = a.save\n  f("x")', "f, save"),
        ("f = torch\n  return f.add(a)", "torch"),
        ('getattr(a, "save")("x")', "a computed call, getattr save"),
        ('getattr(a, "sa\\x76e")', "getattr"),
        ('getattr(a, "sa" "ve")', "getattr"),
        ("getattr(torch.add(a, b), b)", "getattr"),
        ("fork(torch.add, a)", "fork"),
        ("x = fork\n  return x(a)", "x"),
        ('ops.mine.run(a, "x")', "ops.mine.run"),
        ("ops.aten.save(a)", "ops.aten.save, save"),
        ("ops.prim.rpc_sync(a)", "ops.prim.rpc_sync"),
        ("__torch__.torch.classes.mine.Tool.run(a)", "__torch__.torch.classes.mine.Tool.run"),
        ('open("/etc/passwd")', "open"),
        ("print(a)", "print"),
        ("().__class__.__base__.__subclasses__()", "__base__, __class__, __subclasses__"),
        ("__import__(a)", "__import__"),
        ("_0 = __torch__.f\n  _0 = b\n  return _0(a)", "_0"),
        ("[a][0](b)", "a computed call"),
        ("(a\n  (b))", "a"),
    ],
)
def test_what_else_it_calls_is_named(line: str, named: str) -> None:
    found = report(calling(line))

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["torchscript.unlisted"])
    for name in named.split(", "):
        assert name in found.findings[0].message


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "exec(a)",
        "eval(a)",
        "return (lambda: a)()",
        "@a",
        "return `a`",
        "raise a",
        '"""a"""\n  yield a',
        "$",
    ],
)
def test_another_language_is_source_code(line: str) -> None:
    found = report(calling(line))

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["code.source"])


def test_a_profile_without_torch_takes_no_torchscript() -> None:
    assert codes(report(NET, profile="sklearn")) == ["torchscript.unlisted"]
    assert codes(report(NET, profile="all")) == []


def saved(code: str = NET, state: bytes | None = None) -> bytes:
    """As torch.jit.save lays it out."""
    made = named("__torch__.nets", "Net") + EMPTY_TUPLE + NEWOBJ + mapping(training=b"\x89") + BUILD
    members = {
        "net/data.pkl": proto(2) + (state or made) + STOP,
        "net/constants.pkl": proto(2) + EMPTY_TUPLE + STOP,
        "net/code/__torch__/nets.py": code.encode(),
        "net/version": b"3\n",
    }
    return zipped(members)


def test_a_saved_module_is_safe() -> None:
    found = scanning.report(saved(), "net.pt", profile=TORCH)

    assert (found.format, found.verdict, codes(found)) == ("zip", Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (named("__torch__.torch.classes.mine", "Tool") + EMPTY_TUPLE + NEWOBJ, "pickle.unlisted_global"),
        (called(named("__torch__.nets", "Net"), text("x")), "pickle.unlisted_use"),
        (named("__torch__x", "Net") + EMPTY_TUPLE + NEWOBJ, "pickle.unlisted_global"),
    ],
)
def test_what_a_saved_module_is_made_of_is_its_own_code(state: bytes, code: str) -> None:
    assert codes(scanning.report(saved(state=state), "net.pt", profile=TORCH)) == [code]
