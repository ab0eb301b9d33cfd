"""Secrets sealed with AES-256-GCM under a master key from the environment or a file, and notes kept beside it."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assay.adapters.vault.keys import read_key
from assay.adapters.vault.notes import LONGEST_NOTE, read_note, write_note
from assay.ports.errors import Invalid, Unavailable
from assay.ports.secret import Secret

_FORMAT = b"\x01"
"""First byte of what is sealed: how, and under which derivation of the key; another one is another way."""
_NONCE = 12
_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")


class SealingVault:
    """Keeps the promises of `ports.vault.Vault`.

    Sealed bytes are `format (1) | nonce (12, random) | ciphertext | tag (16)`; the additional data are the format and
    `about`. Keys are HKDF-SHA256 of the master key, one a purpose. Random nonces are safe for 2^32 seals (NIST SP
    800-38D, 8.3).

    Args:
        master: 32 bytes.
        notes: folder of the anchors, made (0700) when the first is written.
    """

    def __init__(self, master: bytes, notes: Path) -> None:
        if len(master) != 32:
            raise Invalid(f"The sealing key has {len(master)} bytes and needs 32.", field="ASSAY_KEY")
        self._master = master
        self._notes = notes
        self._cipher = AESGCM(self._derive("seal"))
        self._keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Return the bytes sealed, bound to `about`."""
        nonce = secrets.token_bytes(_NONCE)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plain, _FORMAT + about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Return what was sealed; raises Invalid."""
        if len(sealed) < 1 + _NONCE + 16:
            raise Invalid(f"What is sealed as {about} is cut short.", about=about)
        if sealed[:1] != _FORMAT:
            raise Invalid(
                f"What is sealed as {about} was changed, or sealed by a newer Assay (format {sealed[0]}).", about=about
            )
        try:
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], _FORMAT + about.encode())
        except InvalidTag:
            raise Invalid(
                f"What is sealed as {about} does not open: it was changed, or sealed under another key.",
                about=about,
                cure="Give back the key with which it was sealed (ASSAY_KEY or the key file).",
            ) from None

    def key(self, purpose: str) -> bytes:
        """Derive 32 bytes for one purpose."""
        if purpose not in self._keys:
            self._keys[purpose] = self._derive(f"key/{purpose}")
        return self._keys[purpose]

    def _derive(self, use: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"assay/1/" + use.encode()).derive(self._master)

    def anchor_read(self, name: str) -> bytes | None:
        """Return a note, None when there is none, b"" when it is damaged; raises Unavailable when it cannot be read."""
        try:
            return read_note(self._note(name))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self._note(name), error) from error

    def anchor_write(self, name: str, note: bytes) -> None:
        """Replace a note, atomically and durably; raises Unavailable, and Invalid over 4,000 bytes."""
        path = self._note(name)
        if len(note) > LONGEST_NOTE:
            raise Invalid(f"A note has at most {LONGEST_NOTE} bytes; this one has {len(note)}.", field="note")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_note(path, note)
        except OSError as error:
            raise _unreadable(path, error) from error

    def _note(self, name: str) -> Path:
        if not _NAME.match(name):
            raise Invalid(f"{name!r} is no name of a note: lower case letters, digits, - and _.", field="name")
        return self._notes / name


def open_vault(key_file: Path, key: Secret | None = None, *, make: bool = True) -> SealingVault:
    """Open the vault of an installation; its notes lie in `anchors` beside the key file.

    Args:
        key_file: where the master key lies, unless `key` is given.
        key: the master key itself, 32 bytes in base64 or hex (`ASSAY_KEY`).
        make: make a key when there is none. Say False when there is sealed data already: a new key would not open it.

    Raises Invalid when the key has the wrong form or length, or others may read its file; Unavailable when there is
    none and none may be made.
    """
    notes = key_file.parent / "anchors"
    if key is not None:
        return SealingVault(read_key(key.reveal(), "ASSAY_KEY"), notes)
    if not key_file.exists():
        if not make:
            raise Unavailable(
                f"The sealing key {key_file} is missing, and there is data sealed under it.",
                cure="Put the key file back, or set ASSAY_KEY. Without it what is sealed cannot be opened.",
            )
        _make_key(key_file)
    return SealingVault(_read_key_file(key_file), notes)


def _make_key(path: Path) -> None:
    # Written under another name and linked, so that a second process that starts now finds all of it or nothing.
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(fresh, f"{secrets.token_hex(32)}\n".encode())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unreadable(path, error) from error


def _read_key_file(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise Invalid(
                f"The sealing key {path} can be read by others (mode {stat.S_IMODE(mode):04o}).",
                field="ASSAY_KEY_FILE",
                cure=f"chmod 600 {path}",
            )
        text = path.read_text("ascii")
    except UnicodeDecodeError:
        raise Invalid(
            f"The sealing key {path} is no text: it holds 32 bytes in base64 or hex.", field="ASSAY_KEY_FILE"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    return read_key(text, str(path))


def _write_new(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"{path} cannot be read or written: {error.strerror}.",
        cure="Make its folder readable and writable for the user that runs Assay, with space on its disk.",
    )
