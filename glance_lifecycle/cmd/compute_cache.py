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

"""``glance-lifecycle-compute-cache``: Nova's cached images, explained.

For a compute host: neither Glance, TaskFlow nor a client of OpenStack is
imported, and no service is asked. Nothing is changed.
"""

import argparse
from collections.abc import Iterable
import datetime
import json
import os
import pathlib
import sys
from typing import Any

from glance_lifecycle.audit.caches import base_images
from glance_lifecycle.audit.caches import compute_advice
from glance_lifecycle.audit.caches import compute_report
from glance_lifecycle.audit.caches import names
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding
from glance_lifecycle.cmd import pipes
from glance_lifecycle import exceptions

_PROG = 'glance-lifecycle-compute-cache'
# 100,000 images listed with "--long" have 40 MB.
_MOST_BYTES = 256 * 1024 ** 2

# As of "openstack image lifecycle doctor"; 2 is a wrong command line.
_CODES = {finding.Severity.ERROR: 1, finding.Severity.UNKNOWN: 3,
          finding.Severity.WARNING: 4, finding.Severity.INFO: 0}


def main(argv: list[str] | None = None) -> int:
    """:returns: 0 all is well, 1 errors, or it did not run, 2 wrong usage, 3
        something could not be told, 4 warnings
    """
    args = _parser().parse_args(argv)
    try:
        report, code = _report(args)
    except exceptions.LifecycleError as error:
        print('%s: %s' % (_PROG, error.for_operator()), file=sys.stderr)
        return 1
    with pipes.until_enough():
        if args.format == 'json':
            json.dump(report, sys.stdout, indent=2)
            print()
        else:
            for line in compute_report.lines(report):
                print(line)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROG,
        description='Say of which images the cached files of Nova are on '
        'this compute host, which instances use them, and when Nova removes '
        'them. Nothing is changed.',
        epilog='Exit codes: 0 all is well, 1 an error was found or it did '
        'not run, 2 wrong usage, 3 something could not be told, 4 only '
        'warnings.')
    parser.add_argument(
        'ids', nargs='*', metavar='IMAGE',
        help='Id of an image that may be cached. The name of a cached file '
        'does not tell it: it is known only of images that are named here, '
        'or in --images.')
    parser.add_argument(
        '--images', metavar='FILE',
        help='What "openstack image list --long -f json" printed, or "-" '
        'for standard input. Without --long, the formats of images are not '
        'known, and so not which cached files are useless.')
    parser.add_argument(
        '--nova-conf', metavar='FILE', action='append', default=[],
        type=pathlib.Path,
        help='Configuration of nova-compute; repeat it for more files, the '
        'later wins. Name it wherever it is not all defaults.')
    parser.add_argument(
        '--instances-path', metavar='DIRECTORY', type=os.path.abspath,
        help='Directory of the instances, where it is not the one that '
        '--nova-conf says. Default: %s/instances.' % nova_conf.STATE_PATH)
    parser.add_argument(
        '--base', metavar='DIRECTORY', type=os.path.abspath,
        help='Directory of the cached files, where it is not _base, or '
        'subdirectory_name of --nova-conf, below that of the instances.')
    parser.add_argument(
        '-f', '--format', choices=['table', 'json'], default='table',
        help='How to print it; default: table. Choose json for programs.')
    return parser


def _report(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    conf = nova_conf.NovaConf(args.nova_conf)
    root = args.instances_path or conf.option('instances_path').value
    base = args.base or os.path.join(
        root, conf.option(nova_conf.SUBDIRECTORY).value)
    formats = {one: '' for one in args.ids}
    if args.images:
        formats |= _images(args.images)
    cache = base_images.look(root, os.path.normpath(base), conf,
                             names.of_images(formats))
    found = compute_advice.findings(cache, conf, formats)
    now = datetime.datetime.now(datetime.UTC).timestamp()
    return (compute_report.data(cache, conf, found, now),
            _CODES[compute_advice.worst(found)])


def _images(path: str) -> dict[str, str]:
    """Id -> disk format, empty where it is not told.

    :raises ConfigurationError: it is not such a list
    """
    try:
        data = (sys.stdin.buffer.read(_MOST_BYTES + 1) if path == '-'
                else reading.read(pathlib.Path(path), None, _MOST_BYTES))
        if len(data) > _MOST_BYTES:
            raise ValueError
        found = json.loads(data)
        return dict(_listed(found))
    except FileNotFoundError:
        reason = 'there is no such file'
    except reading.Unreadable as error:
        reason = error.reason
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        reason = 'it is not what "openstack image list -f json" prints'
    raise exceptions.InputRefused(detail='%s: %s' % (
        masking.plain(path), reason))


def _listed(found: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for one in found:
        # "image list" has the one, a list of the Image API the other.
        yield (str(one['ID'] if 'ID' in one else one['id']),
               str(one.get('Disk Format') or one.get('disk_format') or ''))


if __name__ == '__main__':
    sys.exit(main())
