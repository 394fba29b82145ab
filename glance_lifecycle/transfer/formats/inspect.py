# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What an image file really is, and whether it is safe to open.

The formats are recognised and checked by oslo.utils, as Glance does it, but
on a descriptor that is already open, so that what was inspected is what is
then read. The decisions follow Glance's own (``ImageProxy.set_data`` and
the image_conversion plugin); where they differ, the code says why.
"""

from collections.abc import Mapping
import dataclasses
import os
import struct
from typing import Any
from typing import cast

from oslo_utils.imageutils import format_inspector

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats import detect
from glance_lifecycle.transfer.formats import marks

QCOW2_MAGIC = b'QFI\xfb'
# Incompatible features that are defined; the last is extended L2 entries.
QCOW2_FEATURES = 0x1f
VHD_MAGIC = b'conectix'
VHD_FIXED = 2

# What is looked at of either end, beside the inspectors: what qemu's probes
# are given of the beginning, and a VHD's footer.
END = 512

# Decoded by this package; everything else is taken as it is.
DECODED = ('qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi')

# Names of oslo.utils' checks -> our reasons, and what the user can do.
_REASONS = {
    'backing_file': (
        'backing-file', 'the image needs another file (a backing file). '
        'Make it whole with "qemu-img convert" and upload the result.'),
    'data_file': (
        'data-file', 'the image keeps its data in another file. Make it '
        'whole with "qemu-img convert" and upload the result.'),
    'unknown_features': (
        'unknown-feature', 'the image uses a version or a feature of its '
        'format that is not known here. Convert it with "qemu-img convert '
        '-O qcow2" and upload the result.'),
    'footer': (
        'truncated', 'the end of the file is not the footer that the header '
        'announces. Most likely the upload was cut short: compare the '
        'file\'s size and checksum with the original.'),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What the operator set in Glance's ``[image_format]``.

    :ivar extended_l2: accept qcow2 with extended L2 entries. Glance and
        Nova do not know them, so only where the image will be converted.
    """

    gpt_safety_checks_nonfatal: tuple[str, ...] = ()
    vmdk_allowed_types: tuple[str, ...] = ('streamOptimized',
                                           'monolithicSparse')
    require_image_format_match: bool = True
    extended_l2: bool = True


def rules_of(fields: Mapping[str, Any]) -> Rules:
    """Rules that went through JSON, where a tuple is a list."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields.items()}
    return Rules(**values)


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """What was found.

    :ivar format: Glance's disk_format; a partitioned disk is ``raw``, a
        bootable ISO with a GPT is ``iso``
    :ivar detected: what oslo.utils calls it, for example ``gpt``
    :ivar virtual_size: bytes the guest sees; None where the format cannot
        tell. Only what the header says, until a source has checked it.
    :ivar actual_size: bytes the file occupies
    :ivar file_size: bytes of the file
    :ivar fixed_vhd: raw bytes with a valid VHD footer behind them
    :ivar tolerated: safety checks that failed and were allowed to
    :ivar bytes_read: bytes read to find this out
    """

    format: str
    detected: str
    virtual_size: int | None
    actual_size: int
    file_size: int
    fixed_vhd: bool = False
    tolerated: tuple[str, ...] = ()
    bytes_read: int = 0

    @property
    def reader(self) -> str:
        """The format of the source that reads it; ``raw``: as it is."""
        return self.format if self.format in DECODED else 'raw'


def inspect(fd: int, rules: Rules = Rules(), *, declared: str | None = None,
            part: tuple[int, int] | None = None) -> Inspection:
    """Recognise the format of an open file and check that it is safe.

    Reads 256 KiB of most files, 2 MiB of a VHDX or VMDK, never more than
    64 MiB. The descriptor's position is neither used nor moved.

    :param declared: the image's disk_format, for the one check that Glance
        relaxes by it; compare it with ``check_declared``
    :param part: offset and size of a file within the file, in bytes
    :raises ImageRefused: ``format-unknown``, ``format-ambiguous``,
        ``truncated``, ``vmdk-type``, ``backing-file``, ``data-file``,
        ``encryption``, ``unknown-feature``, ``unsafe``
    :raises SourceError: the file cannot be read
    """
    try:
        status = os.fstat(fd)
        start, size = part or (0, status.st_size)
        detector = detect.Detector(size)
        read = 0
        while (at := detector.position) is not None:
            data = os.pread(fd, min(detect.CHUNK, size - at), start + at)
            if not data:
                break
            detector.feed(data)
            read += len(data)
        head = os.pread(fd, min(END, size), start)
        tail = os.pread(fd, min(END, size), start + max(0, size - END))
    except OSError as e:
        raise exceptions.SourceError(detail=e.strerror) from e
    found = judge(detector, size, head, rules, declared)
    check_end(found, tail)
    return dataclasses.replace(
        found, actual_size=size if part else status.st_blocks * 512,
        fixed_vhd=found.detected in ('raw', 'gpt') and is_fixed_vhd(tail),
        bytes_read=read + len(head) + len(tail))


def judge(detector: detect.Detector, size: int, head: bytes, rules: Rules,
          declared: str | None) -> Inspection:
    """What a detector that was fed makes of a file.

    :param size: of the file, in bytes
    :param head: its first END bytes
    :returns: ``actual_size`` is ``size``, nothing is said of its end yet
    :raises ImageRefused: as ``inspect()``
    """
    inspector = detector.finish()
    name = inspector.NAME
    # As detected: a header that ends early goes on with zeros.
    head = head.ljust(END, b'\0')
    if name != 'vmdk':
        marks.check(name, head, declared)
    tolerated = _check_safe(inspector, head, rules, declared)
    if name == 'vmdk':
        _check_vmdk_type(inspector, rules)
    return Inspection(
        format='raw' if name == 'gpt' else name, detected=name,
        virtual_size=virtual_size(inspector, size),
        actual_size=size, file_size=size, tolerated=tolerated)


def check_end(found: Inspection, tail: bytes) -> None:
    """Refuse a disk by its beginning that is another one by its end.

    A fixed VHD is a raw disk with a footer, and goes as either. The footer
    of any other VHD says that its disk is elsewhere: in the file, of which a
    copy of the footer is the beginning, or in a parent.

    :param tail: its last END bytes
    :raises ImageRefused: ``format-ambiguous``
    """
    # Of a format with a structure, the end is what that says.
    if (found.detected not in ('raw', 'gpt', 'iso')
            or _vhd_kind(tail) in (0, VHD_FIXED)):
        return
    raise exceptions.ImageRefused(
        reason='format-ambiguous',
        detail='the file is %s by its beginning, and ends with the footer of '
        'a dynamic or differencing vhd. Whether it is one or the other '
        'cannot be told: convert it with "qemu-img convert" and upload the '
        'result.' % found.format)


def check_declared(found: Inspection, declared: str,
                   rules: Rules = Rules()) -> Inspection:
    """Compare what was found with the image's disk_format.

    :returns: what to go by: the declared format's view of the file. Bytes
        of a format that was not declared are never decoded: where the
        operator lets a mismatch pass, they are ``raw``, taken as they are.
    :raises ImageRefused: ``format-mismatch``
    """
    as_is = dataclasses.replace(found, format='raw',
                                virtual_size=found.file_size)
    if declared == found.format:
        return found
    if declared == 'vhd' and found.fixed_vhd:
        # Glance's inspector does not know fixed VHDs and takes them for
        # raw; Azure's images are such.
        return dataclasses.replace(found, format='vhd', virtual_size=None)
    if declared == found.detected:
        return as_is
    if (declared not in format_inspector.ALL_FORMATS
            and found.detected in ('raw', 'gpt')):
        # Glance's aki, ari, ami, ploop and such cannot be recognised. A
        # kernel has a boot sector's signature, hence gpt.
        return as_is
    if declared == 'raw' and found.format == 'luks':
        # An encrypted volume that Cinder uploaded: opaque, and none opens
        # it without its key.
        return as_is
    if not rules.require_image_format_match:
        return as_is
    raise exceptions.ImageRefused(
        reason='format-mismatch',
        detail='disk_format says %s, but the file is %s. Set disk_format=%s '
        'on the image, or upload a file that is %s.' % (
            declared, found.format, found.format, declared))


def is_fixed_vhd(footer: bytes) -> bool:
    """Whether these last 512 bytes end a fixed VHD."""
    return _vhd_kind(footer) == VHD_FIXED


def _vhd_kind(footer: bytes) -> int:
    """The disk type that a VHD's footer tells; 0 if it is none.

    Source: Virtual Hard Disk Image Format Specification, Microsoft, 2006,
    "Hard Disk Footer Format".
    """
    if len(footer) != END or not footer.startswith(VHD_MAGIC):
        return 0
    kind, checksum = cast(tuple[int, int],
                          struct.unpack_from('>II', footer, 60))
    total = sum(footer) - sum(footer[64:68])
    return kind if checksum == ~total & 0xffffffff else 0


def _check_safe(inspector: format_inspector.FileInspector, head: bytes,
                rules: Rules, declared: str | None) -> tuple[str, ...]:
    """Run the format's safety checks.

    :returns: names of the failed checks that are tolerated
    """
    try:
        inspector.safety_check()
        failures = {}
    except format_inspector.SafetyCheckFailed as e:
        failures = {name: str(text) for name, text in e.failures.items()}
    except format_inspector.ImageFormatError as e:
        raise exceptions.ImageRefused(
            reason='truncated',
            detail='the file ends within the header or the metadata of its '
            'format, %s. Most likely the upload was cut short.' % (
                inspector.NAME)) from e
    tolerated = failures.keys() & _tolerable(inspector.NAME, head, rules,
                                             declared)
    fatal = {n: t for n, t in failures.items() if n not in tolerated}
    if fatal:
        raise _refusal(inspector, fatal, head)
    if inspector.NAME == 'qcow2' and _qcow2_encrypted(head):
        # Not among oslo.utils' checks.
        raise exceptions.ImageRefused(
            reason='encryption',
            detail='the image is encrypted, so its content cannot be '
            'checked or converted. Decrypt it with "qemu-img convert" and '
            'upload the result.')
    return tuple(sorted(tolerated))


def _tolerable(name: str, head: bytes, rules: Rules,
               declared: str | None) -> set[str]:
    if name == 'gpt':
        # A kernel or ramdisk may look like a boot sector without being one.
        kernel = {'mbr'} if declared in ('aki', 'ari') else set()
        return set(rules.gpt_safety_checks_nonfatal) | kernel
    if (name == 'qcow2' and rules.extended_l2
            and struct.unpack_from('>I', head, 4) == (3,)):
        # oslo.utils takes extended L2 entries for an unknown feature.
        (features,) = struct.unpack_from('>Q', head, 72)
        if not features & ~QCOW2_FEATURES:
            return {'unknown_features'}
    return set()


def _refusal(inspector: format_inspector.FileInspector,
             failures: dict[str, str],
             head: bytes) -> exceptions.ImageRefused:
    name = inspector.NAME
    checks = sorted(failures)
    for check, (reason, detail) in _REASONS.items():
        # The bits that some of qcow2's checks look at do not exist in an
        # unknown version.
        if checks == [check] or (check in checks and name == 'qcow2'):
            return exceptions.ImageRefused(reason=reason, detail=detail,
                                           checks=checks)
    if failures.get('descriptor') == 'Unsupported subformat':
        return marks.vmdk_type(getattr(inspector, 'vmdktype', 'unknown'), ())
    text = '; '.join('%s: %s' % (c, failures[c]) for c in checks)
    advice = ('Convert it with "qemu-img convert" to another format and '
              'upload the result.')
    if name == 'gpt':
        advice = ('Write a valid partition table, or, if it must be as it '
                  'is, ask the operator to name %s in [image_format] '
                  'gpt_safety_checks_nonfatal.' % ', '.join(checks))
    if name == 'qed':
        advice = 'Convert it with "qemu-img convert -f qed -O qcow2".'
    return exceptions.ImageRefused(
        reason='unsafe', checks=checks,
        detail='the file fails the safety checks of its format, %s (%s). '
        '%s' % (name, text, advice))


def _qcow2_encrypted(head: bytes) -> bool:
    return (head.startswith(QCOW2_MAGIC)
            and struct.unpack_from('>I', head, 32) != (0,))


def _check_vmdk_type(inspector: format_inspector.FileInspector,
                     rules: Rules) -> None:
    found = getattr(inspector, 'vmdktype', 'unknown')
    allowed = [t.lower() for t in rules.vmdk_allowed_types]
    if found not in allowed:
        raise marks.vmdk_type(found, rules.vmdk_allowed_types)


def virtual_size(inspector: format_inspector.FileInspector,
                 file_size: int) -> int | None:
    """Bytes of the disk that the file holds; None where it does not tell."""
    if inspector.NAME in ('raw', 'gpt'):
        return file_size
    try:
        size = inspector.virtual_size
        if inspector.NAME == 'luks':
            # It subtracts its header from what it has read so far.
            size += file_size - inspector.actual_size
    except Exception:
        # A header too short for its own fields.
        return None
    return size if size > 0 else None
