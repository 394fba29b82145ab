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

"""``glance-lifecycle-manage``: what an operator does on a Glance host."""

import argparse
import importlib.util
import sys

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.cmd import manage_db
from glance_lifecycle.cmd import manage_locations
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import places
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle import exceptions

CONF = cfg.CONF

_PROG = 'glance-lifecycle-manage'


def main(argv: list[str] | None = None) -> int:
    """:returns: 0 done, 1 it failed, if only for one import, 2 wrong usage,
        130 stopped by Ctrl-C
    """
    args = _parser().parse_args(argv)
    found = places.of_worker(places.named(args.config_file, args.config_dir))
    try:
        _configure(args, found)
        return int(args.function(args))
    except exceptions.LifecycleError as error:
        said = error.for_operator()
    except (cfg.Error, OSError) as error:
        said = exceptions.sentence(str(error))
    except UnicodeDecodeError as error:
        said = places.not_utf8(found, error)
    except KeyboardInterrupt:
        print('\n%s: Stopped.' % _PROG, file=sys.stderr)
        return 130
    print('%s: %s' % (_PROG, said), file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROG,
        description='Look after image imports on this host.')
    for name in ('--config-file', '--config-dir'):
        parser.add_argument(
            name, action='append', default=[], metavar='PATH',
            help='As glance-api has it; may be repeated. Default: the files '
            'of glance-api in /etc/glance, or in $OS_GLANCE_CONFIG_DIR, and '
            'of the worker, %s.' % worker_conf.FILE)
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    manage_db.add_parser(commands)
    manage_locations.add_parser(commands)
    recover = commands.add_parser(
        'recover', help='Undo the imports that died with their process.',
        description='Undo the imports that died with their process: remove '
        'unfinished copies from the stores, and put each image back to where '
        'its owner can import it again. Safe at any time: imports that are '
        'alive are not touched.')
    recover.add_argument('--dry-run', action='store_true',
                         help='Only say what would be done.')
    recover.add_argument(
        '--stale-after', type=float, metavar='SECONDS',
        help='DESTRUCTIVE: also undo imports that left no journal (stock '
        'imports, copy-image) and whose task has not changed for so long, '
        'on whatever host. A long download or copy looks like that too: use '
        'it when no glance-api of this cloud has an import running, and '
        'with --dry-run first.')
    recover.add_argument(
        '--by-name', metavar='TASK_ID',
        help='DESTRUCTIVE: recover one import, and remove from its stores '
        'also what bears the image\'s name and cannot be proven to be of '
        'that import, such as that of a release that kept no proof. Make '
        'sure first that it is of no use to another Glance that shares the '
        'store, and that no copy of the image runs.')
    recover.add_argument(
        '--forget', metavar='TASK_ID',
        help='DESTRUCTIVE: recover one import, and drop its record with what '
        'cannot be removed from its stores, for stores that are gone for '
        'good and objects that are to stay. Nobody knows of these any more.')
    recover.add_argument('-y', '--yes', action='store_true',
                         help='Do not ask before the destructive part.')
    recover.add_argument('-f', '--format', choices=['text', 'json'],
                         default='text', help='How to print the result.')
    recover.set_defaults(function=_recover, needs_glance=True)
    return parser


def _configure(args: argparse.Namespace, argv: list[str]) -> None:
    """Read the configuration, as the worker does.

    Its database is wanted also where Glance is not installed.

    :param argv: which
    :raises ConfigurationError: the command is for a host of Glance's
    """
    if importlib.util.find_spec('glance') is None:
        if getattr(args, 'needs_glance', False):
            raise exceptions.ConfigurationError(
                detail='Glance is not installed in the Python environment of '
                'this command. Run the one of glance-api\'s environment')
        logging.register_options(CONF)
        CONF(argv, project='glance', prog=_PROG)
    else:
        # Only now: --help is there for everybody.
        from glance_lifecycle import glance_host
        glance_host.load_configuration(argv)
    opts.register_opts(CONF)


def _recover(args: argparse.Namespace) -> int:
    from glance_lifecycle.cmd import manage_recover
    return manage_recover.recover(args)


if __name__ == '__main__':
    sys.exit(main())
