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

"""``glance-lifecycle-transfer``: the import's data plane, by hand.

The same engine, sources and sinks as in an import, without Glance: to find
out what is wrong with an image, or how fast a disk is.
"""

import argparse
import dataclasses
import hashlib
import json
import logging
import os
import re
import sys
from typing import Any

import glance_lifecycle
from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import amounts
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import opening
from glance_lifecycle.transfer import runner

DONE, USAGE, REFUSED, FAILED = 0, 2, 3, 4

SOURCES = {
    'raw': 'glance_lifecycle.transfer.formats.raw:RawSource',
    'qcow2': 'glance_lifecycle.transfer.formats.qcow2.source:Qcow2Source',
} | {name: 'glance_lifecycle.transfer.formats.foreign.source:ForeignSource'
     for name in ('vmdk', 'vhd', 'vhdx', 'vdi')}

FILE_SINK = 'glance_lifecycle.transfer.backends.file.sink:FileSink'
NULL_SINK = 'glance_lifecycle.transfer.backends.null.sink:NullSink'

GIB = 1024 ** 3


def main(argv: list[str] | None = None) -> int:
    """Run one transfer.

    :returns: 0 done, 2 wrong usage, 3 image refused, 4 I/O failure
    """
    parser = _parser()
    args = parser.parse_args(argv)
    said = _Said()
    logger = logging.getLogger(glance_lifecycle.__name__)
    logger.addHandler(said)
    try:
        report = _run(args)
    except exceptions.ImageRefused as error:
        return _failed(args, error, REFUSED)
    except exceptions.LifecycleError as error:
        if 'the log of glance-api' in str(error):
            # Here is none.
            said.show()
        return _failed(args, error, FAILED)
    except _Usage as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print('\nStopped. Nothing was left behind.', file=sys.stderr)
        return FAILED
    finally:
        logger.removeHandler(said)
    _show(args, report)
    return DONE


class _Usage(Exception):
    pass


class _Said(logging.Handler):
    """Warnings as they come; the errors that are raised as well are kept.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self._kept.append(self.format(record))
        else:
            print(self.format(record), file=sys.stderr)

    def show(self) -> None:
        for text in self._kept:
            print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='glance-lifecycle-transfer', description='Read an image once, '
        'hash it, and write it as raw to one or more places.',
        epilog='Exit codes: 0 done, 2 wrong usage, 3 image refused, 4 I/O '
        'failure.')
    parser.add_argument('source', metavar='SRC', help='The image file.')
    parser.add_argument(
        '--format', choices=['auto', *SOURCES], default='auto',
        help='Expected format of SRC; any other is refused. With auto it is '
        'detected.')
    parser.add_argument(
        '--to', action='append', required=True, metavar='file:PATH',
        help='Where to write; may be repeated. PATH must not exist. '
        '"null:" reads and hashes only.')
    parser.add_argument(
        '--digest', default='md5,sha512', metavar='NAME[,NAME]',
        help='Digests to compute; default: md5,sha512; "" for none.')
    parser.add_argument(
        '--max-virtual-size', type=amounts.number_from(0), default=0,
        metavar='GIB',
        help='Refuse an image of a larger virtual size; default: no limit.')
    parser.add_argument(
        '--memory-limit', type=amounts.number_from(1), default=1024,
        metavar='MIB',
        help='Address space of the process that reads SRC; default: 1024.')
    parser.add_argument(
        '--workers', type=amounts.number_from(1),
        default=min(2, os.cpu_count() or 1),
        help='Threads that decode; default: %(default)s.')
    parser.add_argument('--qemu-img', default='qemu-img', metavar='PROGRAM',
                        help='Program to read vmdk, vhd, vhdx and vdi.')
    parser.add_argument('--json', action='store_true',
                        help='Print the result as JSON.')
    return parser


def _run(args: argparse.Namespace) -> dict[str, Any]:
    digests = _digests(args.digest)
    targets = _targets(args.to)
    try:
        fd = opening.open_image(args.source)
    except OSError as error:
        raise _Usage('%s: %s' % (args.source, error.strerror)) from error
    try:
        reader = _reader(fd, args.format)
        job = jobs.Job(
            image_id=os.path.basename(args.source), source=SOURCES[reader],
            source_options=_source_options(args, reader), targets=targets,
            digests=digests, workers=args.workers,
            progress_interval=0.5,
            # As in an import; what is not decoded was inspected just now.
            content=None if reader == 'raw' else dataclasses.asdict(
                inspect.Rules(extended_l2=False)),
            limits=jobs.Limits(memory=_memory(args, reader)))
        return runner.Child(job, fd, _Progress(args).show).run()
    finally:
        os.close(fd)


def _memory(args: argparse.Namespace, reader: str) -> int:
    floor = 0 if reader in ('raw', 'qcow2') else 2 * GIB
    return max(floor, int(args.memory_limit) * 1024 ** 2)


def _reader(fd: int, wanted: str) -> str:
    """The format to decode; what was said must be what is there."""
    found = inspect.inspect(fd)
    if wanted != 'auto':
        found = inspect.check_declared(found, wanted)
    return found.reader


def _source_options(args: argparse.Namespace, reader: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        'max_virtual_size': args.max_virtual_size * GIB or None}
    if reader not in ('raw', 'qcow2'):
        directory = os.path.dirname(os.path.abspath(
            args.to[0].partition(':')[2] or args.source))
        options |= {'disk_format': reader, 'scratch_dir': directory,
                    'image_id': os.path.basename(args.source),
                    'qemu_img': args.qemu_img}
    return options


def _digests(text: str) -> tuple[str, ...]:
    names = tuple(name for name in re.split('[, ]+', text) if name)
    for name in names:
        try:
            size = hashlib.new(name, usedforsecurity=False).digest_size
        except ValueError:
            # Unknown, or known and not provided, as md4 by OpenSSL 3.
            size = 0
        # Without a size of their own, such as shake_128, they are no digests.
        if size == 0:
            raise _Usage('no such digest: %s' % name)
    return names


def _targets(places: list[str]) -> tuple[jobs.Target, ...]:
    found = []
    for number, place in enumerate(places, 1):
        kind, _, path = place.partition(':')
        if kind == 'null':
            found.append(jobs.Target('null%d' % number, NULL_SINK, {},
                                     driver='null'))
        elif kind == 'file' and path:
            directory, name = os.path.split(os.path.abspath(path))
            found.append(jobs.Target(place, FILE_SINK, {
                'datadirs': [[directory, 0]], 'by_space': False, 'mode': 0,
                'metadata': []}, name, driver='file'))
        else:
            raise _Usage('--to takes file:PATH or null:, not %s' % place)
    return tuple(found)


class _Progress:

    def __init__(self, args: argparse.Namespace) -> None:
        self._quiet = args.json or not sys.stderr.isatty()

    def show(self, report: dict[str, Any]) -> None:
        if not self._quiet and report['total']:
            print('\r%3d %%' % (100 * report['done'] // report['total']),
                  end='', file=sys.stderr, flush=True)


def _failed(args: argparse.Namespace, error: exceptions.LifecycleError,
            code: int) -> int:
    if args.json:
        print(json.dumps({'error': type(error).__name__,
                          'message': str(error), **error.fields}))
    else:
        print('%s: %s' % (args.source, error), file=sys.stderr)
    return code


def _show(args: argparse.Namespace, report: dict[str, Any]) -> None:
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print('\rvirtual_size  %d' % report['virtual_size'])
    for name, value in report['digests'].items():
        print('%-13s %s' % (name, value))
    print('bytes_read    %d' % report['bytes_read'])
    for store, value in report['bytes_written'].items():
        print('bytes_written %d to %s' % (value, store))
    print('seconds       %.2f' % report['seconds'])
    print('cpu_seconds   %.2f' % report['cpu_seconds'])
    print('peak_memory   %d MiB' % (report['peak_memory'] // 1024 ** 2))


if __name__ == '__main__':
    sys.exit(main())
