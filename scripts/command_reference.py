"""Makes docs/commands.md from the command line itself, so that no command or option can be missing there."""

import re
from typing import Any

import typer

from localex.cli.app import EXIT_CODES, app

TOP = """# Commands

Made from the command line's own help by `python scripts/write_docs.py`. Every command has `--help`. What they are for,
in the order in which an operator meets them: [running](running.md), [backup](operators/backup.md),
[recovery](operators/recovery.md), [upgrade](operators/upgrade.md), [monitoring](operators/monitoring.md).
"""


def list_commands(group: Any = None, prefix: str = "localex") -> list[tuple[str, Any]]:
    """Every command that is shown, with its whole name, groups opened."""
    group = group or typer.main.get_command(app)
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        whole = f"{prefix} {name}"
        has_members = hasattr(command, "commands")
        if not has_members or command.invoke_without_command:
            found.append((whole, command))
        if has_members:
            found += list_commands(command, whole)
    return found


def build_commands() -> str:
    """docs/commands.md."""
    lines = [TOP]
    for name, command in list_commands():
        lines += [f"## `{name}`", "", _plain(command.help or ""), ""]
        if command.params:
            lines += ["| option | default | what it is |", "| --- | --- | --- |"]
            lines += [_row(parameter) for parameter in command.params if parameter.name != "help"]
            lines.append("")
    lines += ["## Exit codes", "", _plain(EXIT_CODES).removeprefix("**Exit codes**").strip(), ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """The help's own marks as Markdown; its examples as code."""
    text = re.sub(r"\[/?bold\]", "**", text).strip()
    head, mark, examples = text.partition("**Example")
    if not mark:
        return text
    commands = [line.strip() for line in examples.partition("**")[2].splitlines() if line.strip()]
    return "\n".join([head.rstrip(), "", "```sh", *commands, "```"])


def _row(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    names = parameter.name.upper() if is_argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    shown = "required" if parameter.required else f"`{default}`" if default not in (None, False, "", ()) else "none"
    words = " ".join(str(getattr(parameter, "help", "") or "").split()).replace("|", "\\|")
    return f"| `{names}` | {'off' if default is False else shown} | {words} |"
