"""Reading JSON as strictly as the Interactions API does, and refusing as it does: by a word."""

from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from projects.simulator.answers import Refusal, json_answer


def error(status: int, code: str, message: str) -> Refusal:
    """An error of the Interactions API: a word for its code, and no `status`."""
    return Refusal(json_answer({"error": {"code": code, "message": message}}, status=status))


def invalid(message: str) -> Refusal:
    return error(400, "invalid_request", message)


def only(found: Mapping[str, Any], known: Collection[str], where: str, refused: Collection[str] = ()) -> None:
    """Refuses a field that is not `known`; one of `refused` exists, but not for this model."""
    for name in found:
        if name in refused:
            raise invalid(f"`{where}{name}` is not supported by this model.")
        if name not in known:
            raise error(400, "parameter_unknown", f"Unknown parameter: `{where}{name}`.")


def text_in(found: Mapping[str, Any], name: str, where: str = "") -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        mistyped(where + name, "a string")
    return value


def object_in(found: Mapping[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        mistyped(where + name, "an object")
    return value


def mistyped(name: str, wanted: str) -> NoReturn:
    raise invalid(f"Invalid value for `{name}`: it must be {wanted}.")


def choice_in(found: Mapping[str, Any], name: str, choices: Collection[str], where: str = "") -> str:
    value = text_in(found, name, where)
    if name in found and value not in choices:
        raise invalid(f"Invalid value for `{where}{name}`: supported values are {', '.join(choices)}.")
    return value
