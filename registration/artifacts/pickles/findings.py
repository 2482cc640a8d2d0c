"""What is said about a pickle: one function for each code of docs/errors.md that begins with `pickle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.finding import Level

if TYPE_CHECKING:
    from registration.artifacts.context import Context
    from registration.artifacts.pickles.dtypes import Doubt
    from registration.artifacts.pickles.values import Global
    from registration.finding import Finding

DISTRUST = "do not load it; ask who made it"
SAVE_AGAIN = "save the model again with the library that made it"


def dangerous_global(context: Context, target: Global, offset: int) -> Finding:
    """A name that can run code, reach files or reach the network."""
    message = f"it refers to {target}, which can run code or reach files, the network or other names"
    return context.finding("pickle.dangerous_global", message, offset=offset, action=DISTRUST)


def unlisted_global(context: Context, target: Global, offset: int) -> Finding:
    """A name that the profile does not have."""
    return context.finding(
        "pickle.unlisted_global",
        f"it refers to {target}, which profile {context.profile.name} does not list",
        offset=offset,
        level=Level.UNLISTED,
        action="choose the profile of the library that made the model, or ask to have the name reviewed",
    )


def unlisted_use(context: Context, target: Global, use: str, offset: int) -> Finding:
    """A name that the profile has, but not to be called or made an instance of."""
    verb = {"call": "calls", "new": "makes an instance of"}[use]
    return context.finding(
        "pickle.unlisted_use",
        f"it {verb} {target}, which profile {context.profile.name} lists for {' and '.join(sorted(target.uses))} only",
        offset=offset,
        level=Level.UNLISTED,
        action=DISTRUST,
    )


def unlisted_argument(context: Context, target: Global, complaint: str, offset: int) -> Finding:
    """A call that is allowed, with an argument that is not."""
    return context.finding(
        "pickle.unlisted_argument",
        f"it calls {target} with {complaint}",
        offset=offset,
        level=Level.UNLISTED,
        action=DISTRUST,
    )


def computed_global(context: Context, offset: int) -> Finding:
    """A name that is not written in the pickle."""
    message = "it refers to a global whose name is computed while it loads"
    return context.finding("pickle.computed_global", message, offset=offset, action=DISTRUST)


def computed_call(context: Context, offset: int) -> Finding:
    """A call of something that is not a global."""
    message = "it calls something that it made itself, so nobody can tell what runs"
    return context.finding("pickle.computed_call", message, offset=offset, action=DISTRUST)


def changed_global(context: Context, target: Global, offset: int) -> Finding:
    """A write into a class, a function or a module."""
    message = f"it changes {target} itself, for everything that runs after it"
    return context.finding("pickle.changed_global", message, offset=offset, action=DISTRUST)


def hook(context: Context, names: str, offset: int) -> Finding:
    """An attribute that Python calls or follows by itself."""
    message = f"it sets {names} on an object, which Python or a library would call or follow by itself"
    return context.finding("pickle.hook", message, offset=offset, action=DISTRUST)


def bomb(context: Context, message: str, offset: int) -> Finding:
    """Small to store, endless to use."""
    return context.finding("pickle.bomb", message, offset=offset, action=DISTRUST)


def type_of_numpy(context: Context, doubt: Doubt, offset: int) -> Finding:
    """A type whose state numpy would believe."""
    level = Level.UNSAFE if doubt.is_lie else Level.UNSCANNABLE
    action = DISTRUST if doubt.is_lie else SAVE_AGAIN
    return context.finding("pickle.type_of_numpy", doubt.message, offset=offset, level=level, action=action)


def extension(context: Context, offset: int) -> Finding:
    """A name by a number that only the loading process can resolve."""
    return context.finding(
        "pickle.extension",
        "it refers to a global by a number of copyreg's extension registry; only who loads it knows which",
        offset=offset,
        level=Level.UNSCANNABLE,
        action=SAVE_AGAIN,
    )


def persistent_id(context: Context, message: str, offset: int) -> Finding:
    """An object that lies outside, by an id that only the loading program understands."""
    return context.finding("pickle.persistent_id", message, offset=offset, level=Level.UNSCANNABLE, action=SAVE_AGAIN)


def out_of_band(context: Context, offset: int) -> Finding:
    """A buffer that is not in the file."""
    message = "it needs a buffer that is kept outside of the pickle"
    return context.finding("pickle.out_of_band", message, offset=offset, level=Level.UNSCANNABLE, action=SAVE_AGAIN)


def forgotten(context: Context, offset: int) -> Finding:
    """Something matters that was not kept."""
    message = "it uses something again that came after more values than the scan remembers"
    return context.finding("pickle.forgotten", message, offset=offset, level=Level.UNSCANNABLE, action=SAVE_AGAIN)


def stopped(context: Context, code: str, message: str, offset: int | None) -> Finding:
    """The scan could not follow it any further."""
    return context.finding(code, message, offset=offset, level=Level.UNSCANNABLE, action=SAVE_AGAIN)


def trailing_bytes(context: Context, offset: int) -> Finding:
    """Something follows that is not a pickle."""
    return context.finding(
        "pickle.trailing_bytes",
        "something follows the last pickle that is not one",
        offset=offset,
        level=Level.UNSCANNABLE,
        action=SAVE_AGAIN,
    )


def several(context: Context, count: int) -> Finding:
    """More than one pickle in the file."""
    message = f"there are {count} pickles in a row; all were looked at"
    return context.finding("pickle.several", message, level=Level.NOTE)


def ambiguous(context: Context, offset: int) -> Finding:
    """An array of joblib that is a program to pickle."""
    message = "the bytes of an array are opcodes to who loads the file with pickle instead of joblib"
    return context.finding("joblib.ambiguous", message, offset=offset, action=DISTRUST)
