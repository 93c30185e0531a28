"""Where an installation keeps what it writes; everything is below its data folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: Longest path of a unix socket the kernel takes (sun_path without the final NUL).
SOCKET_PATH_MAX = 107


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one installation. Absolute, whatever the current folder was."""

    root: Path

    @classmethod
    def of(cls, data_dir: Path) -> Folders:
        """Of a data folder as the settings name it."""
        return cls(data_dir.absolute())

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.root / "postgres"

    @property
    def postgres_socket(self) -> Path:
        """Folder of PostgreSQL's socket."""
        return self._for_socket(self.postgres, ".s.PGSQL.5432")

    @property
    def asterisk(self) -> Path:
        """What Asterisk writes, and its configuration in `etc`."""
        return self.root / "asterisk"

    @property
    def asterisk_run(self) -> Path:
        """Folder of Asterisk's control socket."""
        return self._for_socket(self.asterisk / "run", "asterisk.ctl")

    @property
    def run(self) -> Path:
        """Notes about the running processes."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """What the child processes print."""
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        """Keys and passwords made here; nobody else may look in."""
        return self.root / "secrets"

    def make(self) -> None:
        """Make them, closed to others. Root's PostgreSQL runs as another user, who must be able to pass the outermost one."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.asterisk, self.asterisk_run, self.run, self.log, self.secrets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _for_socket(self, wanted: Path, name: str) -> Path:
        """The folder itself, or a short stand-in for it where its path would be too long for a socket."""
        if len(os.fsencode(wanted / name)) <= SOCKET_PATH_MAX:
            return wanted
        digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"annyeong120-{os.geteuid()}-{digest}"
