"""Why `afterwork up` will not start, or cannot go on: told to the user in one line, never as a traceback."""

import click


class Refusal(click.ClickException):
    """Something the user can mend; click prints it as one line and ends with exit code 1."""
