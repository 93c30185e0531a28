"""An Asterisk of our own with ARI and nothing else, and the calls to try it with.

Calls need no SIP: a Local channel has two ends, of which one runs the caller's part of the dialplan (context `caller`: press keys, hang up)
and the other arrives at us (context `in`).
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Self

from ivr.ari.transport import authorization
from tests.kit.bare_asterisk import asterisk_command
from tests.kit.ports import free_port

_MODULES = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_http_websocket res_websocket_client res_ari_model
res_ari res_stasis res_stasis_answer res_stasis_playback res_stasis_recording res_stasis_snoop res_stasis_device_state
res_stasis_broadcast app_stasis app_stasis_broadcast res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels
res_ari_device_states res_ari_endpoints res_ari_events res_ari_playbacks res_ari_recordings res_ari_sounds res_musiconhold
chan_bridge_media pbx_config app_dial app_playback app_senddtmf app_verbose app_stack func_callerid func_channel func_logic func_talkdetect
func_devstate func_strings func_global bridge_simple bridge_softmix bridge_holding codec_ulaw codec_alaw codec_resample format_pcm
format_wav format_sln format_gsm codec_gsm
"""

_DIALPLAN = """
[caller]
exten => quiet,1,Answer()
 same => n,Wait(60)
exten => keys,1,Answer()
 same => n,Wait(0.3)
 same => n,SendDTMF(12345,100,60)
 same => n,Wait(60)
exten => still,1,Answer()
 same => n,Set(CHANNEL(language)=en_US_f_Allison)
 same => n,Playback(silence/10)
exten => speaks,1,Answer()
 same => n,Set(CHANNEL(language)=en_US_f_Allison)
 same => n,Playback(silence/1)
 same => n,Playback(vm-goodbye)
 same => n,Playback(silence/5)
exten => short,1,Answer()
 same => n,Wait(0.2)
 same => n,Hangup()
exten => busy,1,Busy(1)
exten => ring,1,Ringing()
 same => n,Wait(30)

[in]
exten => _offer-.,1,Set(CHANNEL(language)=ko)
 same => n,StasisBroadcast(3000,^${EXTEN:6}$,call:menu:120)
 same => n,Goto(nobody,s,1)
exten => _direct-.,1,Stasis(${EXTEN:7},call,direct)
 same => n,Goto(nobody,s,1)

[nobody]
exten => s,1,Set(GLOBAL(NOBODY)=${STASISSTATUS})
 same => n,Wait(60)
"""


class AriAsterisk:
    """`with AriAsterisk(tree, folder) as asterisk:`; `kill()` and `start()` for the days when it dies."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.tree, self.folder = tree, folder
        self.port = free_port()
        self.username, self.password = "test", secrets.token_urlsafe(12)
        self.url = f"http://127.0.0.1:{self.port}/ari"
        self._process: subprocess.Popen[bytes] | None = None
        self._write()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # At once: with calls up, an orderly end takes it longer than all of our tests.
        self.stop()

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until ARI answers."""
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [*asterisk_command(self.tree), "-C", str(self.folder / "asterisk.conf"), "-f"], stdout=console, stderr=console
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError("Asterisk does not start:\n" + (self.folder / "console").read_text(errors="replace")[-3000:])
            time.sleep(0.05)

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End it; at once with SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(by)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def ask(self, method: str, path: str, body: object = None, **query: str) -> object:
        """A request of the test's own, past the client that is tested; `path` without a leading slash."""
        url = f"{self.url}/{path}?{urllib.parse.urlencode(query)}"
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": authorization(self.username, self.password), "Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def call(self, caller: str, entry: str, channel_id: str, **query: str) -> str:
        """Let a call arrive: `caller` names what the far end does, `entry` where it arrives. Returns the id of the leg that we get.

        Asterisk dials the caller's half (`…;1` is ours, `…;2` runs the caller's part), and what answers goes into the dialplan.
        """
        self.ask(
            "POST", "channels", endpoint=f"Local/{caller}@caller/n", context="in", extension=entry, channelId=channel_id,
            otherChannelId=f"{channel_id}-far", **query,
        )  # fmt: skip
        return channel_id

    def docs(self) -> dict[str, dict[str, object]]:
        """Its own description of ARI: file name -> content."""
        listing = self.ask("GET", "api-docs/resources.json")
        assert isinstance(listing, dict)
        names = [str(api["path"]).rsplit("/", 1)[-1].replace("{format}", "json") for api in listing["apis"]]
        found = {}
        for name in names:
            content = self.ask("GET", f"api-docs/{name}")
            assert isinstance(content, dict)
            found[name] = content
        return found

    def command(self, line: str) -> str:
        """Run a console command."""
        done = subprocess.run(
            [*asterisk_command(self.tree), "-C", str(self.folder / "asterisk.conf"), "-rx", line],
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
        return done.stdout

    def _answers(self) -> bool:
        try:
            self.ask("GET", "asterisk/ping")
            self.ask("GET", "channels")
        except (OSError, urllib.error.URLError):
            return False
        return "fully booted" in self.command("core waitfullybooted")

    def _write(self) -> None:
        tree, folder = self.tree, self.folder
        for name in ("etc", "run", "log", "spool", "lib", "db"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        libraries = next((tree / "usr/lib").glob("*-linux-gnu"))
        directories = {
            "astetcdir": folder / "etc", "astmoddir": libraries / "asterisk/modules", "astvarlibdir": folder / "lib",
            "astdbdir": folder / "db", "astdatadir": tree / "usr/share/asterisk", "astspooldir": folder / "spool",
            "astrundir": folder / "run", "astlogdir": folder / "log",
        }  # fmt: skip
        lines = ["[directories]", *(f"{key} => {value}" for key, value in directories.items())]
        (folder / "asterisk.conf").write_text("\n".join([*lines, "[options]", "hideconnect=yes", ""]))
        files = {
            "modules.conf": "[modules]\nautoload=no\n" + "\n".join(f"load={name}.so" for name in _MODULES.split()) + "\n",
            "logger.conf": "[general]\n[logfiles]\nmessages => notice,warning,error,verbose\n",
            "http.conf": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={self.port}\nsessionlimit=500\n",
            "ari.conf": "[general]\nenabled=yes\npretty=no\nwebsocket_write_timeout=5000\n"
            f"[{self.username}]\ntype=user\nread_only=no\npassword={self.password}\npassword_format=plain\n",
            "extensions.conf": _DIALPLAN,
            "musiconhold.conf": f"[waiting]\nmode=files\ndirectory={tree}/usr/share/asterisk/sounds/en_US_f_Allison\n",
            "indications.conf": "[general]\ncountry=us\n[us]\ndescription=US\nringcadence=2000,4000\ndial=350+440\nbusy=480+620/500,0/500\n"
            "ring=440+480/2000,0/4000\ncongestion=480+620/250,0/250\n",
        }
        for name, content in files.items():
            (folder / "etc" / name).write_text(content)
        (folder / "etc" / "ari.conf").chmod(0o600)
