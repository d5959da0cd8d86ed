"""The Web API's `views.*`, which put modals and App Home on a screen, and `blocks.validate`, which only checks."""

from __future__ import annotations

from playground import workspace_messages as messages
from playground import workspace_views as views
from playground.workspace import Workspace
from playground.workspace_call import Methods
from playground.workspace_model import SlackError, View
from playground.workspace_schema import Json, Problem, errors
from playground.workspace_surfaces import validate_blocks, validate_view

METHODS = Methods()


@METHODS.add("views.open", "4", required="view trigger_id")
def views_open(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.open_view(ws, str(args["trigger_id"]), args["view"]))


@METHODS.add("views.push", "4", required="view trigger_id")
def views_push(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.push_view(ws, str(args["trigger_id"]), args["view"]))


@METHODS.add("views.update", "4", required="view", optional="view_id external_id hash")
def views_update(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.update_view(ws, args))


@METHODS.add("views.publish", "4", required="view user_id", optional="hash")
def views_publish(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.publish_home(ws, str(args["user_id"]), args["view"], args.get("hash")))


def _shown_view(ws: Workspace, view: View) -> Json:
    return {"view": view.as_view(ws.team_id, ws.app, with_state=False)}


@METHODS.add("blocks.validate", "4", optional="blocks message view")
def blocks_validate(_ws: Workspace, args: Json) -> Json:
    given = [key for key in ("blocks", "message", "view") if args.get(key) is not None]
    if len(given) != 1:
        raise messages.invalid_arguments(Problem("/", "one_of", "must provide exactly one of: blocks, message, view"))
    (kind,) = given
    value = args[kind]
    match kind:
        case "blocks":
            found = validate_blocks(value)
        case "message":
            found = validate_blocks(value.get("blocks", []), at="/message/blocks")
        case _:
            found = validate_view(value)
    if bad := errors(found):
        raise SlackError(f"invalid_{kind}", errors=[_as_answer(problem) for problem in bad])
    return {}


def _as_answer(problem: Problem) -> Json:
    return {
        "pointer": problem.pointer,
        "code": problem.code,
        "message": problem.message,
        "constraint": problem.constraint,
    }
