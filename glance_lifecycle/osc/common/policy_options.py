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


"""Where commands find the lifecycle policy and the images to ask it about."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import glance_config
from glance_lifecycle.osc.common import input_file

if TYPE_CHECKING:
    from oslo_config import cfg

    from glance_lifecycle.policy import decision
    from glance_lifecycle.policy import document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which policy."""
    parser.add_argument(
        '--policy', metavar='<file>',
        help='Policy document (default: what [lifecycle] policy_file of the '
        'configuration names).')
    parser.add_argument(
        '--config-file', metavar='<file>', action='append', default=[],
        help='Configuration of the service: its options decide where the '
        'policy is silent (repeat for more; default: the files of glance-api '
        'in %s, if there are any).' % glance_config.USUAL)


def policy(parsed_args: argparse.Namespace) -> decision.Policy:
    """What the options of ``add_arguments()`` say.

    :raises CommandError: there is none, or the file cannot be used
    """
    from glance_lifecycle.policy import decision
    from glance_lifecycle import policy_file
    conf = configuration(parsed_args)
    path = parsed_args.policy or conf.lifecycle.policy_file
    if not path:
        raise osc_exceptions.CommandError(
            'There is no policy: name one with --policy, or with '
            '--config-file a configuration that has [lifecycle] '
            'policy_file.')
    return decision.Policy(load(path), policy_file.defaults(conf))


def configuration(parsed_args: argparse.Namespace) -> cfg.ConfigOpts:
    """What ``--config-file`` names, or else what is there.

    :raises CommandError: it cannot be used
    """
    from oslo_config import cfg

    from glance_lifecycle.conf import opts
    conf = cfg.ConfigOpts()
    opts.register_opts(conf)
    argv = arguments(parsed_args)
    try:
        conf(argv, default_config_files=[], default_config_dirs=[])
    # ValueError: it is not UTF-8.
    except (cfg.Error, OSError, ValueError) as error:
        raise osc_exceptions.CommandError(
            'The configuration file %s cannot be used: %s.'
            % (', '.join(argv[1::2]), error)) from None
    return conf


def arguments(parsed_args: argparse.Namespace) -> list[str]:
    """A command line that names it; empty if nothing is known of the service.

    :param parsed_args: perhaps also with directories, see ``store_host``
    """
    from glance_lifecycle.conf import places
    return places.named(
        parsed_args.config_file, getattr(parsed_args, 'config_dir', [])
    ) or places.of_glance()


def load(path: str) -> document.Document:
    """The policy document of a file.

    :raises CommandError: it cannot be used
    """
    from glance_lifecycle.policy import document
    from glance_lifecycle.policy import yaml_tree
    return input_file.load(path, yaml_tree.MAX_BYTES, document.load)
