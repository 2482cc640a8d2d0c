"""TensorFlow's SavedModel: graphs as a protobuf message in `saved_model.pb`, with Keras metadata and variables beside.

https://www.tensorflow.org/guide/saved_model and tensorflow/core/protobuf/saved_model.proto. A graph is a program, and
TensorFlow's own advice is to treat it as one; what is looked for are the operators that reach out of it, to files, to
Python or to the network. https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from typing import TYPE_CHECKING

from registration.artifacts.formats import keras_config, protobuf
from registration.artifacts.formats.format import Format, Look, nothing
from registration.artifacts.formats.names import escapes, named
from registration.artifacts.formats.protobuf import Budget, Message
from registration.artifacts.formats.savedmodel_graph import Graph
from registration.artifacts.formats.tree import TreeFormat, nothing_together
from registration.artifacts.reader import Memory, Part
from registration.artifacts.stream import Stream
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_MOST_GRAPHS = 1000
_META_GRAPH = 2
_REACHES_OUT = re.compile(
    r"ReadFile|WriteFile|MatchingFiles|(?:Eager)?PyFunc(?:Stateless)?|DebugIdentity(?:V[0-9])?|DebugNumericSummary(?:V2)?"
    r"|DebugNanCount|RpcCall|RpcServer\w*|DecodeProtoV2|EncodeProto|PrintV2|SummaryWriter|CreateSummary\w+Writer|Write\w*Summary|ImportEvent|(?:Flush|Close)SummaryWriter|DataServiceDataset\w*"
    r"|RegisterDataset\w*|SaveDataset\w*|LoadDataset\w*|SqlDataset|ExperimentalSqlDataset|TextLineReader\w*|WholeFileReader\w*"
    r"|TFRecordReader\w*|FixedLengthRecordReader\w*|IdentityReader\w*|LMDBReader|TPUCompile\w*"
    r"|(?:Experimental)?(?:TFRecord|TextLine|FixedLengthRecord|CSV|LMDB|MatchingFiles|Cache|Snapshot)Dataset\w*"
    r"|ListSnapshotChunksDataset|DistributedSave|LoadAndRemapMatrix|GenerateVocabRemapping|RemoteCall"
    r"|TRTEngineOp|InitializeTRTResource|DatasetFromGraph|(?:Experimental)?DatasetToTFRecord|RpcClient"
    r"|FileSystemSetConfiguration|Snapshot(?:Chunk|Nested)\w+"
)
_ASSETS = {"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"}  # read what the model brings
_BRINGS = {"XlaCustomCall", "XlaCustomCallV2"}
_METADATA = 5  # of a node of keras_metadata.pb
_KERAS = b"_tf_keras_"
_INDEX_MAGIC = bytes.fromhex("57fb808b247547db")  # the last bytes of a table of LevelDB
_LONGEST_FINGERPRINT = 256
# Four hashes and that of the checkpoint, a version, and an id as text: tensorflow/core/protobuf/fingerprint.proto.
_FINGERPRINT = [*((number, protobuf.VARINT) for number in range(1, 6)), (6, protobuf.BYTES), (7, protobuf.BYTES)]
_NAMED, _NAMED_METADATA = named(r"saved_model\.pb"), named(r"keras_metadata\.pb")
_WRITTEN = named(r"saved_model\.pbtxt")
_SHARD = named(r"[\w.-]+\.data-[0-9]{5}-of-[0-9]{5}")


def _is_named(look: Look) -> bool:
    # TensorFlow asks for nothing but the name, and reads a message of any fields.
    return _NAMED.fullmatch(look.name) is not None and look.head != b""


def _is_saved_model(look: Look) -> bool:
    if _is_named(look):
        return False
    fields: list[tuple[int, int]] = []
    is_exact = False
    # The first graph of a file that was cut off goes on behind its end.
    with contextlib.suppress(UnreadableError):
        for found in _numbers(protobuf.to_be_read(look)):
            fields.append(found)
            if len(fields) > _MOST_GRAPHS:
                return False
        is_exact = True
    if fields[:1] == [(1, 1)] and {number for number, _ in fields[1:]} == {2}:
        return True
    # Readers skip fields that they do not know, which can begin with the magic number of something else.
    return is_exact and (1, 1) in fields and 2 in dict(fields)  # noqa: PLR2004 - the number of a meta graph


def _numbers(reader: Reader) -> Iterator[tuple[int, int]]:
    """Number and value of each field; the length is the value of one that holds bytes."""
    for found in Message(Stream(reader), code="savedmodel.broken"):
        yield found.number, found.value


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    operators: Counter[str] = Counter()
    message = Message(Stream(reader), code="savedmodel.broken", budget=Budget(context.tally))
    for found in message:
        if (found.number, found.kind) == (_META_GRAPH, protobuf.BYTES):
            graph = Graph()
            graph.read(message.inside(found))
            operators += graph.operators
            yield from _of_graph(graph, reader, context)
    for name, count in sorted(operators.items()):
        if _REACHES_OUT.fullmatch(name):
            yield _reaching(
                f"{count} operators {name}, which reach out of the graph to files, Python or the network", context
            )
        elif ">" in name or name in _BRINGS:
            yield context.finding(
                "savedmodel.custom_operator",
                f"{count} operators {name}, which a library must bring",
                level=Level.UNLISTED,
                action="export with TensorFlow's own operators, or have a person vouch for the library",
            )


def _of_graph(graph: Graph, reader: Reader, context: Context) -> Iterator[Finding]:
    for name in sorted(graph.reached()):
        yield _reaching(
            f"the operator {name}, which runs when the model is loaded or served, and not only to save it", context
        )
    if not graph.assets:
        for name in sorted(_ASSETS & graph.operators.keys()):
            yield _reaching(f"the operator {name}, which reads a file, and none belongs to the model", context)
    for asset in sorted(filter(escapes, graph.assets)):
        yield context.finding(
            "savedmodel.asset_escapes",
            f"the file {asset!r} belongs to the model by its name, and lies outside of its folder",
            action="do not load it; ask who made it",
        )
    for begin, length in graph.metadata:
        text = Part(reader, begin, length).read(0, length)
        if keras_config.names_class(text):
            yield from keras_config.judged(text, context)


def _reaching(said: str, context: Context) -> Finding:
    return context.finding("savedmodel.reaches_out", said, action="export the model without them")


def _is_written(look: Look) -> bool:
    return _WRITTEN.fullmatch(look.name) is not None


def _scan_written(_reader: Reader, context: Context) -> Iterator[Finding]:
    yield context.finding(
        "savedmodel.text",
        "this is a SavedModel as text, which TensorFlow loads where there is no saved_model.pb, and is not followed",
        level=Level.UNSCANNABLE,
        action="export the model as saved_model.pb",
    )


def _is_named_metadata(look: Look) -> bool:
    return _NAMED_METADATA.fullmatch(look.name) is not None and look.head != b""


def _is_metadata(look: Look) -> bool:
    return look.head[:1] == b"\x0a" and _KERAS in look.head[:4096]


def _scan_metadata(reader: Reader, context: Context) -> Iterator[Finding]:
    message = Message(Stream(reader), code="savedmodel.broken", budget=Budget(context.tally))
    for node in message:
        if node.kind == protobuf.BYTES:
            yield from _scan_node(reader, message.inside(node), context)


def _scan_node(reader: Reader, node: Message, context: Context) -> Iterator[Finding]:
    for found in node:
        if found.kind == protobuf.BYTES and found.number == _METADATA and found.value:
            yield from keras_config.judged(Part(reader, found.begin, found.value).read(0, found.value), context)


def _is_fingerprint(look: Look) -> bool:
    """Hashes and versions of the model beside it, each field once and in order."""
    if len(look.head) > _LONGEST_FINGERPRINT:
        return False
    try:
        fields = [(found.number, found.kind) for found in Message(Stream(Memory(look.head)), code="savedmodel.broken")]
    except UnreadableError:
        return False
    return fields[:4] == _FINGERPRINT[:4] and fields == [field for field in _FINGERPRINT if field in fields]


def _is_index(look: Look) -> bool:
    # The first entry is TensorFlow's own: it has an empty key, which shares nothing with one before it.
    return look.tail.endswith(_INDEX_MAGIC) and look.head.startswith(b"\0\0")


def _is_shard(look: Look) -> bool:
    # TensorFlow reads these bytes as numbers, where the index says; no other format has claimed them.
    return _SHARD.fullmatch(look.name) is not None


NAMED = Format("savedmodel", _is_named, _scan, frozenset({".pb"}), holds_code=True)
SAVED_MODEL = Format("savedmodel", _is_saved_model, _scan, frozenset({".pb"}), weak=True, holds_code=True, hides=True)
WRITTEN = Format("savedmodel text", _is_written, _scan_written, frozenset({".pbtxt"}), weak=True, holds_code=True)
NAMED_METADATA = Format("keras metadata", _is_named_metadata, _scan_metadata, frozenset({".pb"}), holds_code=True)
METADATA = Format("keras metadata", _is_metadata, _scan_metadata, frozenset({".pb"}), weak=True, holds_code=True)
INDEX = Format("tensor index", _is_index, nothing, frozenset({".index"}))
SHARD = Format("tensor shard", _is_shard, nothing, weak=True)
FINGERPRINT = Format("savedmodel fingerprint", _is_fingerprint, nothing, frozenset({".pb"}), weak=True)
TREE = TreeFormat("savedmodel folder", lambda paths: "saved_model.pb" in paths, nothing_together)
FORMATS = (INDEX, NAMED, SAVED_MODEL, WRITTEN, NAMED_METADATA, METADATA, SHARD, FINGERPRINT)
