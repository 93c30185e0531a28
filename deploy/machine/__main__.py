"""`python3 -m deploy.machine COMMAND`. The version check stands alone, so that an old Python gets a sentence and not a SyntaxError."""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:  # the one place that must still run on an older Python
    sys.stderr.write(
        "Python %s or newer is needed, this is %s (%s).\n" % (".".join(map(str, OLDEST)), sys.version.split()[0], sys.executable)  # noqa: UP031
        + "  -> install a newer one and name it: make PYTHON=python3.11 TARGET\n"
    )
    sys.exit(2)

from deploy.machine.commands import main  # noqa: E402 -- only after the check above

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
