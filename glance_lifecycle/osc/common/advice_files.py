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


"""What "advise" writes: a policy document, and pieces of configuration."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import pathlib
import sys
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import input_file
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.planning import cloud as clouds
    from glance_lifecycle.planning import layout
    from glance_lifecycle.planning import placement


def check_directory(parsed_args: argparse.Namespace) -> None:
    """That --write-config can write, before any work.

    :raises CommandError: the directory is not there
    """
    name = parsed_args.write_config
    if name and not pathlib.Path(name).is_dir():
        raise osc_exceptions.CommandError(
            '%s is not a directory: make it first.' % name)


def check(parsed_args: argparse.Namespace) -> None:
    """Before any work.

    :raises CommandError: the directory is not there, a placement is of no
        file, or two files have one name
    """
    if parsed_args.save_placement and not parsed_args.cloud:
        raise osc_exceptions.CommandError(
            '--save-placement is of a cloud that a file describes: write one '
            'with "cloud show --output", and name it with --cloud.')
    check_directory(parsed_args)
    _at(*(pathlib.Path(one) for one in (
        parsed_args.save_placement, parsed_args.write_policy) if one))


def _at(*paths: pathlib.Path) -> None:
    """That each is another file.

    :raises CommandError: two are the same
    """
    seen: set[pathlib.Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise osc_exceptions.CommandError(
                '%s cannot be two files: give each another name.' % path)
        seen.add(path.resolve())


def write(parsed_args: argparse.Namespace, cloud: clouds.Cloud,
          plan: layout.Plan, found: placement.Placement | None) -> None:
    """All that was asked for, or nothing.

    :raises CommandError: it cannot be written, or must not be overwritten
    """
    from glance_lifecycle.planning import cloud_file
    from glance_lifecycle.planning import conf_text
    from glance_lifecycle.planning import page_facts
    from glance_lifecycle.planning import placement_file
    from glance_lifecycle.planning import policy_text
    files: list[tuple[pathlib.Path, str]] = []
    if parsed_args.save_placement and found:
        files.append((
            pathlib.Path(parsed_args.save_placement), placement_file.text(
                input_file.read(parsed_args.cloud, cloud_file.MOST),
                page_facts.placed(cloud, found))))
    if parsed_args.write_policy and found:
        files.append((pathlib.Path(parsed_args.write_policy),
                      policy_text.document(cloud, plan, found)))
    if parsed_args.write_config:
        files += [(pathlib.Path(parsed_args.write_config, name), text)
                  for name, text in conf_text.files(cloud, plan).items()]
    _at(*(path for path, _text in files))
    save(parsed_args, dict(files))


def save(parsed_args: argparse.Namespace, files: Mapping[pathlib.Path, str]
         ) -> None:
    """All of them, after a question where one is there, or none.

    :raises CommandError: it cannot be written, or must not be overwritten
    """
    there = [str(one) for one in files if one.exists()]
    if there and not parsed_args.yes:
        sys.stderr.write('These files would be overwritten: %s.\n'
                         % ', '.join(there))
        shown.agreed('Nothing was written')
    for path, text in files.items():
        try:
            path.write_text(text)
        except OSError as error:
            raise osc_exceptions.CommandError('%s cannot be written: %s.' % (
                path, error.strerror)) from None
        sys.stderr.write('%s is written.\n' % path)
