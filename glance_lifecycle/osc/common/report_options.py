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

"""What a report is about, and where its facts are."""

import argparse
import pathlib

#: Names of what can be left out.
PARTS = ('health', 'catalogue', 'signatures', 'duplicates', 'hygiene',
         'worker')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--title', metavar='<name>', default='this cloud',
        help='What the cloud is called (default: this cloud).')
    parser.add_argument(
        '--cloud', metavar='<file>',
        help='Description of the cloud, as of "image lifecycle advise": room '
        'and cost, and copy-on-write, are told from it.')
    parser.add_argument(
        '--placement', metavar='<file>',
        help='What "image lifecycle advise --save-placement" has saved of '
        'the same cloud: room and cost after that (default: with at most '
        '10000 images it is searched here).')
    parser.add_argument(
        '--policy', metavar='<file>',
        help='Policy document, for drift and classes (default: what '
        '[lifecycle] policy_file of the configuration names).')
    parser.add_argument(
        '--config-file', metavar='<file>', action='append', default=[],
        help='Configuration of glance-api and of the worker of this host '
        '(repeat for more; default: what is in /etc/glance).')
    parser.add_argument(
        '--ca-bundle', metavar='<file>',
        help='PEM file of the CAs and intermediates that certificates of '
        'signers must come from.')
    parser.add_argument(
        '--mutes', metavar='<file>', type=pathlib.Path,
        help='YAML file with findings of the doctor to leave out, until '
        'when, and why.')
    parser.add_argument(
        '--skip', metavar='<part>', action='append', default=[],
        choices=PARTS, help='Do not ask for this: %s (repeat for more). '
        'Without the catalogue there is no drift and no coverage of '
        'signatures.' % ', '.join(PARTS))
