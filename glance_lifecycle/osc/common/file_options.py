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

"""Files of the services beside Glance, as options name them."""

import argparse
import pathlib


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--nova-conf', metavar='[<name>=]<file>', action='append',
        default=[], type=maybe_named,
        help='A nova.conf that goes with this Glance, and the name of the '
        'host that it is from (repeat for more computes). In directories of '
        'whole hosts it is found by itself.')
    parser.add_argument(
        '--cinder-conf', metavar='[<name>=]<file>', action='append',
        default=[], type=maybe_named,
        help='A cinder.conf that goes with this Glance, and the name of the '
        'host that it is from (repeat for more).')
    parser.add_argument(
        '--ceph-conf', metavar='<file>', action='append', default=[],
        type=pathlib.Path,
        help='A ceph.conf for the services that name one of its file name, '
        'where none lies beside them (repeat for more clusters).')


def maybe_named(text: str) -> tuple[str, pathlib.Path]:
    name, equals, path = text.partition('=')
    # A path may have a "=", and a name has no "/".
    if not equals or '/' in name:
        name, path = text, text
    if not (name and path):
        raise argparse.ArgumentTypeError('"%s" is not NAME=FILE.' % text)
    return name, pathlib.Path(path)
