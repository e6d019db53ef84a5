"""What goes wrong because of what came in, said in one plain sentence.

Pages show the sentence, the command line prints it and exits with 2; neither shows a trace-back.
"""

from __future__ import annotations


class InputError(ValueError):
    """Bad input. The message is one plain sentence that tells the reader what to do."""


class FormatError(InputError):
    """A file or text that is not what it claims to be, or not music."""
