"""Hostile pickles of every known kind, with the code that each must be found under. None of them is ever loaded."""

from __future__ import annotations

from tests.pickle_assembly import (
    APPEND,
    APPENDS,
    BUILD,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NONE,
    OBJ,
    POP,
    REDUCE,
    SETITEM,
    STACK_GLOBAL,
    STOP,
    TUPLE1,
    TUPLE2,
    WRAPPER,
    array,
    called,
    data,
    dtype,
    framed,
    get,
    items,
    mapping,
    named,
    number,
    proto,
    put,
    text,
)  # fmt: skip

DANGEROUS = "pickle.dangerous_global"
COMMAND = text("true")
SYSTEM = named("os", "system")
PAYLOAD = called(SYSTEM, COMMAND)
FOREST = named("sklearn.ensemble._forest", "RandomForestClassifier")
ORDERED = named("collections", "OrderedDict")


def one(body: bytes, protocol: int = 4) -> bytes:
    return proto(protocol) + body + STOP


def by_name(module: bytes, name: bytes) -> bytes:
    return one(module + name + STACK_GLOBAL + COMMAND + TUPLE1 + REDUCE)


def doubled(levels: int) -> bytes:
    """Tuples that each hold the one before twice."""
    return one(EMPTY_TUPLE + MEMOIZE + b"".join(get(level) * 2 + TUPLE2 + MEMOIZE for level in range(levels)))


def doubled_from_outside(levels: int) -> bytes:
    """Lists that are put into others first, and filled with the next one twice afterwards."""
    made = b"".join(EMPTY_LIST + put(level) + POP for level in range(levels))
    filled = b"".join(get(n) + get(n + 1) + APPEND + get(n + 1) + APPEND + POP for n in range(levels - 1))
    return one(made + filled + get(0))


# A decoy that a scanner without a stack takes for the module.
_DECOY = text("os") + text("collections") + POP
_STATE_HOOK = mapping(__setstate__=named("sklearn.metrics._ranking", "roc_auc_score"))
_NUMPY_TEXT = called(
    named("numpy.core.multiarray", "scalar"), dtype("U12", size=48), data("__setstate__".encode("utf-32-le"))
)
_ARGPARSER = mapping(_parse_arg_template=text("import os"))

CASES: dict[str, tuple[str, bytes]] = {
    # How a global is named.
    "GLOBAL": (DANGEROUS, one(PAYLOAD)),
    "GLOBAL in protocol 0, without a header": (DANGEROUS, b"cos\nsystem\n(S'true'\ntR."),
    "STACK_GLOBAL": (DANGEROUS, by_name(text("os"), text("system"))),
    "STACK_GLOBAL in a frame": (DANGEROUS, framed(text("os") + text("system") + STACK_GLOBAL + STOP)),
    "STACK_GLOBAL through the memo": (
        DANGEROUS,
        one(text("system") + MEMOIZE + POP + text("os") + MEMOIZE + get(0) + STACK_GLOBAL),
    ),
    "STACK_GLOBAL after decoys that are popped": (DANGEROUS, by_name(_DECOY, text("system") + NONE + POP)),
    "STACK_GLOBAL after a mark that is popped": (
        DANGEROUS,
        by_name(text("os"), text("system") + MARK + text("join") + b"1"),
    ),
    "STACK_GLOBAL of a memo entry that was overwritten": (
        DANGEROUS,
        one(text("collections") + put(0) + POP + text("os") + put(0) + POP + get(0) + text("system") + STACK_GLOBAL),
    ),
    "STACK_GLOBAL of text put twice": (DANGEROUS, one(text("code") + DUP + STACK_GLOBAL)),
    "STACK_GLOBAL of escaped UNICODE": (DANGEROUS, one(b"V\\u006fs\n" + b"Vs\\u0079stem\n" + STACK_GLOBAL)),
    "STACK_GLOBAL of an escaped STRING": (DANGEROUS, one(b"S'o\\x73'\n" + b"S'\\163ystem'\n" + STACK_GLOBAL)),
    "STACK_GLOBAL of BINUNICODE8": (
        DANGEROUS,
        one(b"\x8d\2\0\0\0\0\0\0\0os" + b"X\6\0\0\0system" + STACK_GLOBAL),
    ),
    "STACK_GLOBAL of BINSTRING": (DANGEROUS, one(b"U\2os" + b"T\6\0\0\0system" + STACK_GLOBAL)),
    "STACK_GLOBAL of a computed name": (
        "pickle.computed_global",
        one(text("os") + called(named("builtins", "bytes"), text("system")) + STACK_GLOBAL),
    ),
    "STACK_GLOBAL of a number": ("pickle.computed_global", one(text("os") + number(1) + STACK_GLOBAL)),
    "STACK_GLOBAL of long text": (
        "pickle.computed_global",
        one(b"X\0\1\0\0" + b"a" * 256 + text("system") + STACK_GLOBAL),
    ),
    "a name of Python 2": (DANGEROUS, one(named("__builtin__", "eval"), 2)),
    "a module of Python 2": (DANGEROUS, one(named("commands", "getoutput"), 2)),
    "a name that only Python 2 and 3 together spell": (DANGEROUS, one(named("__builtin__", "execfile"), 2)),
    "a dotted name through a trusted module": (DANGEROUS, one(named("sklearn.utils", "os.system"))),
    "a long dotted name": (DANGEROUS, one(named("sklearn", "utils.fixes.platform.os.system"))),
    "a dotted name to the parts of a class": (
        DANGEROUS,
        one(named("collections", "OrderedDict.__init__.__globals__")),
    ),
    "a module that a trusted module imports": (DANGEROUS, one(named("sklearn.utils.fixes", "os"))),
    "EXT1": ("pickle.extension", one(b"\x82\1")),
    "EXT2": ("pickle.extension", one(b"\x83\1\0")),
    "EXT4": ("pickle.extension", one(b"\x84\1\0\0\0")),
    "PERSID": ("pickle.persistent_id", b"Pmodel\n."),
    "BINPERSID": ("pickle.persistent_id", one(text("model") + b"Q")),
    # How it is called.
    "INST": (DANGEROUS, b"(S'true'\nios\nsystem\n."),
    "OBJ": (DANGEROUS, one(MARK + SYSTEM + COMMAND + OBJ)),
    "NEWOBJ": (DANGEROUS, one(named("types", "FunctionType") + EMPTY_TUPLE + NEWOBJ)),
    "NEWOBJ_EX": (DANGEROUS, one(named("subprocess", "Popen") + EMPTY_TUPLE + mapping(args=COMMAND) + b"\x92")),
    "a call of what a call made": ("pickle.computed_call", one(called(ORDERED) + EMPTY_TUPLE + REDUCE)),
    "a call of a listed class that may only be made an instance of": (
        "pickle.unlisted_use",
        one(called(named("xgboost.core", "Booster"), NONE, NONE, text("/etc/passwd"))),
    ),
    "an instance of what may only be called": ("pickle.unlisted_use", one(ORDERED + EMPTY_TUPLE + NEWOBJ)),
    "a factory that calls later": (
        "pickle.unlisted_argument",
        one(called(named("collections", "defaultdict"), named("sklearn.metrics._ranking", "roc_auc_score"))),
    ),
    "a callable handed to numpy.random": (
        "pickle.unlisted_argument",
        one(called(named("numpy.random._pickle", "__generator_ctor"), text("MT19937"), ORDERED)),
    ),
    "a class handed to numpy.random": (
        "pickle.unlisted_argument",
        one(called(named("numpy.random._pickle", "__bit_generator_ctor"), FOREST)),
    ),
    "a class handed to numpy": (
        "pickle.unlisted_argument",
        one(called(named("numpy.core.multiarray", "_reconstruct"), FOREST, EMPTY_TUPLE, data(b"b"))),
    ),
    "a base class handed to copyreg": (
        "pickle.unlisted_argument",
        one(called(named("copyreg", "_reconstructor"), FOREST, FOREST, NONE)),
    ),
    "a codec looked up by name": (
        "pickle.unlisted_argument",
        one(called(named("_codecs", "encode"), text("a"), text("zip"))),
    ),
    "arguments from elsewhere": (
        "pickle.unlisted_argument",
        one(items(text("a"), text("zip")) + put(0) + POP + named("_codecs", "encode") + get(0) + REDUCE),
    ),
    # What is done to objects.
    "BUILD of __setstate__": ("pickle.hook", one(FOREST + EMPTY_TUPLE + NEWOBJ + _STATE_HOOK + BUILD)),
    "SETITEM of __class__": ("pickle.hook", one(EMPTY_DICT + text("__class__") + FOREST + SETITEM)),
    "a hook that is a string of numpy": ("pickle.unlisted_argument", one(EMPTY_DICT + _NUMPY_TEXT + FOREST + SETITEM)),
    "BUILD of a class": ("pickle.changed_global", one(FOREST + mapping(fit=ORDERED) + BUILD)),
    "APPENDS to a global": ("pickle.changed_global", one(FOREST + MARK + NONE + APPENDS)),
    "text in a state that scipy runs": (
        DANGEROUS,
        one(named("scipy.stats._continuous_distns", "norm_gen") + EMPTY_TUPLE + NEWOBJ + _ARGPARSER + BUILD),
    ),
    # What hides it.
    "a second pickle": (DANGEROUS, one(NONE) + one(PAYLOAD)),
    "a third pickle without a header": (DANGEROUS, one(NONE) + one(NONE) + b"cos\nsystem\n."),
    "a payload before a broken tail": (DANGEROUS, proto(4) + PAYLOAD + b"\xff\xff"),
    "a payload without an end": (DANGEROUS, proto(4) + PAYLOAD),
    "a payload that is popped": (DANGEROUS, one(PAYLOAD + POP + NONE)),
    "a payload far behind": (DANGEROUS, one(b"B" + (300_000).to_bytes(4, "little") + bytes(300_000) + PAYLOAD)),
    "bytes behind the end": ("pickle.trailing_bytes", one(NONE) + b"\0\0"),
    "a broken pickle": ("pickle.broken", one(TUPLE1)),
    "no end": ("pickle.broken", proto(4) + NONE),
    "a frame in a frame": ("pickle.broken", framed(b"\x95" + bytes(8) + NONE + STOP)),
    "an end inside a frame": ("pickle.broken", framed(NONE + STOP + NONE)),
    "a negative length": ("pickle.broken", one(b"\x8b\xff\xff\xff\xff")),
    "a buffer that is not there": ("pickle.out_of_band", one(b"\x97\x98", 5)),
    # What never ends.
    "doubled tuples": ("pickle.bomb", doubled(60)),
    "doubled lists": ("pickle.bomb", doubled_from_outside(60)),
    "a memo entry with a large number": ("pickle.bomb", one(NONE + b"r" + b"\xff\xff\xff\x7f")),
}  # fmt: skip

# Names that must never be called anything but dangerous.
DANGERS = [
    ("posix", "system"), ("nt", "system"), ("os", "popen"), ("subprocess", "Popen"), ("builtins", "eval"),
    ("builtins", "exec"), ("builtins", "getattr"), ("builtins", "__import__"), ("builtins", "compile"),
    ("builtins", "open"), ("importlib", "import_module"), ("importlib._bootstrap", "_call_with_frames_removed"),
    ("runpy", "run_path"), ("pty", "spawn"), ("timeit", "timeit"), ("numpy.f2py.crackfortran", "getlincoef"),
    ("numpy.testing._private.utils", "runstring"), ("torch.hub", "load"), ("torch", "load"), ("joblib", "load"),
    ("pickle", "loads"), ("_pickle", "loads"), ("functools", "partial"), ("operator", "methodcaller"),
    ("operator", "attrgetter"), ("_operator", "attrgetter"), ("types", "FunctionType"), ("types", "CodeType"),
    ("webbrowser", "open"), ("urllib.request", "urlopen"), ("io", "open"), ("_io", "open"), ("_io", "FileIO"),
    ("shutil", "rmtree"), ("socket", "socket"), ("ctypes", "CDLL"), ("code", "interact"), ("cProfile", "run"),
    ("profile", "run"), ("pdb", "run"), ("bdb", "Bdb.run"), ("idlelib.pyshell", "ModifiedInterpreter"),
    ("pydoc", "pipepager"), ("lib2to3.pgen2.grammar", "Grammar.load"), ("distutils.file_util", "write_file"),
    ("sys", "modules"), ("asyncio.unix_events", "_UnixSubprocessTransport"), ("marshal", "loads"),
    ("pip", "main"), ("ensurepip", "_run_pip"), ("trace", "Trace.run"), ("doctest", "debug_script"),
    ("torch.serialization", "load"), ("torch.jit", "load"), ("torch._utils", "_rebuild_from_type_v2"),
    ("torch.storage", "_load_from_bytes"), ("pandas", "read_pickle"), ("numpy", "load"), ("site", "main"),
    ("multiprocessing.util", "spawnv_passfds"), ("test.support.script_helper", "assert_python_ok"),
]  # fmt: skip


def joblib_cases() -> dict[str, tuple[str, bytes]]:
    """Arrays between the opcodes, and what hides behind them."""
    twelve = items(number(12))
    objects = dtype("O8", flags=0x3F)
    fake = one(PAYLOAD)
    from_memo = get(9) + text("system") + STACK_GLOBAL
    lying = dtype("f8", flags=0x3F)
    return {
        "a payload behind an array": (DANGEROUS, one(array(bytes(96), shape=twelve) + POP + PAYLOAD)),
        "a payload behind opcodes in an array": (DANGEROUS, one(array(b"." * 96, shape=twelve) + PAYLOAD)),
        "a payload in an array of objects": (DANGEROUS, one(array(fake, shape=twelve, of=objects, padding=None))),
        "a payload behind an array of objects": (
            DANGEROUS,
            one(array(one(NONE), shape=twelve, of=objects, padding=None) + PAYLOAD),
        ),
        "numbers that numpy takes for objects": ("joblib.array", one(array(fake, shape=twelve, of=lying))),
        "objects that numpy takes for numbers": ("joblib.array", one(array(fake, shape=twelve, of=dtype("O8")))),
        "opcodes for who loads it with pickle": (
            "joblib.ambiguous",
            one(array(PAYLOAD.ljust(96, b"\0"), shape=twelve, padding=None)),
        ),
        "a name from the memo for who loads it with pickle": (
            "joblib.ambiguous",
            one(text("os") + put(9) + array(from_memo.ljust(96, b"\0"), shape=twelve, padding=None)),
        ),
        "padding that is opcodes": ("joblib.array", one(array(bytes(96), shape=twelve, padding=b"c" + b"\xff" * 99))),
        "a length that is negative": ("joblib.array", one(array(bytes(96), shape=items(number(-12))))),
        "a shape that is larger than the file": (
            "joblib.array",
            one(array(bytes(96), shape=items(number(13), number(99)))),
        ),
        "a shape whose product overflows": (
            "joblib.array",
            one(array(bytes(96), shape=items(*[number(2**31 - 1)] * 4))),
        ),
        "a shape from elsewhere": ("joblib.array", one(twelve + put(9) + POP + array(bytes(96), shape=get(9)))),
        "a type of unknown size": ("joblib.array", one(array(bytes(96), shape=twelve, of=dtype("V8")))),
        "a state from elsewhere": ("joblib.array", one(WRAPPER + NONE + BUILD)),
        "a wrapper that is built twice": (
            DANGEROUS,
            one(WRAPPER + put(9) + POP + array(bytes(96), shape=twelve, wrapper=get(9)) + POP
                + array(bytes(96), shape=twelve, wrapper=get(9)) + PAYLOAD),
        ),
        "an array inside a frame": (
            "joblib.array",
            framed(array(b"", shape=twelve, padding=b"") + PAYLOAD + STOP) + b"\1\xff" + bytes(96) + STOP,
        ),
    }  # fmt: skip


CASES |= joblib_cases()


def disguised_cases() -> dict[str, tuple[str, bytes]]:
    """Wrappers of arrays and types of numpy that are not what they look like."""
    wrapper, nothing = named("joblib.numpy_pickle", "NumpyArrayWrapper"), items(number(0))
    tagged, tree = named("torch.jit._pickle", "restore_type_tag"), named("sklearn.neighbors._ball_tree", "newObj")
    void = [called(named("numpy", "dtype"), text("V8"), b"\x89", b"\x88")]
    lying = items(number(3), text("|"), NONE, NONE, NONE, number(-1), number(-1), number(0))
    over = [
        items(text("a"), text("b")),
        mapping(a=items(dtype("O8", flags=0x3F), number(0)), b=items(dtype("i8"), number(4))),
    ]
    # To who does not know that joblib reads an array here, the payload is the content of some bytes.
    hidden = array(b"", shape=nothing, padding=b"C\xc8" + b"\xff" * 66 + PAYLOAD, wrapper=b"").ljust(400, b"\xff")
    again = WRAPPER + put(9) + POP + array(b"", shape=nothing, wrapper=get(9)) + POP
    other_text = called(
        named("numpy.core.multiarray", "scalar"), dtype("U5", size=20), data("dtype".encode("utf-32-le"))
    )
    one_number = mapping(shape=items(number(1)), dtype=dtype("f8")) + other_text + dtype("V2", size=2) + SETITEM
    return {
        "a wrapper that a tree of scikit-learn makes": ("joblib.array", one(called(tree, wrapper) + hidden)),
        "a wrapper that pandas makes": (
            "joblib.array",
            one(called(named("pandas.core.indexes.base", "_new_Index"), wrapper, EMPTY_DICT) + hidden),
        ),
        "a wrapper that a call hands back": ("joblib.array", one(called(tagged, WRAPPER, text("")) + hidden)),
        "a wrapper that was told of its padding before": (
            "joblib.array",
            one(again + array(b"C\xc8" + bytes(66), shape=nothing, padding=None, wrapper=get(9))),
        ),
        "a key that equals another one": ("joblib.array", one(WRAPPER + one_number + BUILD + bytes(8))),
        "a key of bytes beside one of text": (
            DANGEROUS,
            one(WRAPPER + mapping(shape=items(number(1)), dtype=dtype("f8")) + data(b"dtype") + dtype("f4") + SETITEM
                + BUILD + bytes(8) + PAYLOAD),
        ),
        "an attribute in the place of a method of joblib": (
            "joblib.array",
            one(WRAPPER + mapping(shape=nothing, dtype=dtype("f8"), read=named("builtins", "slice")) + BUILD),
        ),
        "a class that an opcode for lists would call": (
            "pickle.hook",
            one(FOREST + EMPTY_TUPLE + NEWOBJ + mapping(extend=ORDERED) + BUILD + MARK + NONE + APPENDS),
        ),
        "a hook that a call hands back": (
            "pickle.hook",
            one(EMPTY_DICT + called(tagged, text("__setstate__"), text("")) + FOREST + SETITEM),
        ),
        "a class that a call hands back": (
            "pickle.changed_global",
            one(called(tagged, FOREST, text("")) + items(NONE, mapping(fit=ORDERED)) + BUILD),
        ),
        "a call that hands back what nobody knows": (
            "pickle.unlisted_argument",
            one(items(FOREST, NONE) + put(0) + POP + tagged + get(0) + REDUCE),
        ),
        "objects that numpy takes for bytes": ("pickle.type_of_numpy", one(dtype("O8", flags=0))),
        "objects half of whose flags are there": ("pickle.type_of_numpy", one(dtype("O8", flags=1))),
        "bytes that numpy takes for objects": ("pickle.type_of_numpy", one(dtype("V8", size=8, flags=0x3F))),
        "times without a unit, of which numpy crashes": ("pickle.type_of_numpy", one(dtype("M8"))),
        "a number with fields": (
            "pickle.type_of_numpy",
            one(dtype("f8") + items(number(3), text("<"), NONE, *over, number(8), number(1), number(0)) + BUILD),
        ),
        "numbers over objects": (
            "pickle.type_of_numpy",
            one(void[0] + items(number(3), text("|"), NONE, *over, number(16), number(1), number(0x1B)) + BUILD),
        ),
        "a field outside of the whole": (
            "pickle.type_of_numpy",
            one(void[0] + items(number(3), text("|"), NONE, items(text("a")), mapping(a=items(dtype("f8"), number(64))),
                                number(8), number(1), number(0)) + BUILD),
        ),
        "a state of a type from elsewhere": (
            "pickle.type_of_numpy",
            one(lying + put(9) + POP + called(named("numpy", "dtype"), text("O8")) + get(9) + BUILD),
        ),
    }  # fmt: skip


CASES |= disguised_cases()
