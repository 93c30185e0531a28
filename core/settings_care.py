"""Settings of records, checklists and what is kept of people; part of `core.settings`."""

from __future__ import annotations

from core.settings_types import OptionalPath, Section


class CareSettings(Section):
    """Files of the operator's that change or add to what comes with the program."""

    #: How long each class is kept, where it is otherwise than shipped (`care/retention.toml`).
    retention_file: OptionalPath = None
    #: Checklists of your own, one file each, beside the shipped ones.
    checklists_folder: OptionalPath = None
    #: What there is to choose from in a record (`care/records/words.toml`), in place of the shipped words.
    words_file: OptionalPath = None
