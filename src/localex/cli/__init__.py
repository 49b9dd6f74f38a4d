"""The `localex` command. Imports come late, so that `--help` and the supervisor stay quick and small."""


def main() -> None:
    """Run the command line and exit with one of `localex.embedded.errors.ExitCode`."""
    from localex.cli.app import run

    run()
