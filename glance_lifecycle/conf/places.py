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

"""Which configuration files glance-api and the worker read by themselves.

What is read later wins. Of glance-api first the files, then glance.conf.d and
glance-api.conf.d; then the worker's own file, and its own directory.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import os

from oslo_config import cfg

from glance_lifecycle.conf import worker

# As glance.common.wsgi_app has them.
_FILES = ('glance-image-import.conf', 'glance-api.conf')

_FILE = '--config-file'
_DIR = '--config-dir'


def named(files: Iterable[str], directories: Iterable[str]) -> list[str]:
    """A command line that names these."""
    return [*_words(_FILE, files), *_words(_DIR, directories)]


def of_glance() -> list[str]:
    """A command line that names what a glance-api finds."""
    return named(_files(), _directories())


def of_worker(argv: Sequence[str]) -> list[str]:
    """A command line that also names what the worker finds.

    oslo.config by itself would read all directories after all files, and so
    those of glance-api after the worker's own file.

    :param argv: where it names files, or directories, others are not looked
        for, as with any program of OpenStack
    """
    given = {word.partition('=')[0] for word in argv}
    api = _directories()
    own = [path for path in cfg.find_config_dirs(
        'glance', 'glance-lifecycle-worker') if path not in api]
    words = [*named(_files(), api),
             *named(filter(os.path.exists, [worker.FILE]), own)]
    return [word for option, path in zip(words[::2], words[1::2], strict=True)
            if option not in given for word in (option, path)] + [*argv]


def not_utf8(argv: Sequence[str], error: UnicodeDecodeError) -> str:
    """A sentence; Python does not say which file it was.

    :param argv: what was read
    """
    paths = [path if equals else after for word, after in zip(
        argv, [*argv[1:], ''], strict=True)
        for option, equals, path in [word.partition('=')]
        if option in (_FILE, _DIR)]
    return ('A file of the configuration is not UTF-8: %s. Save it '
            'as UTF-8. Looked at: %s.' % (error, ', '.join(paths)))


def _files() -> list[str]:
    directory = os.environ.get('OS_GLANCE_CONFIG_DIR', '').strip()
    paths = (os.path.join(directory or '/etc/glance', name)
             for name in _FILES)
    return [path for path in paths if os.path.exists(path)]


def _directories() -> list[str]:
    return cfg.find_config_dirs('glance', 'glance-api')


def _words(option: str, paths: Iterable[str]) -> list[str]:
    return [word for path in paths for word in (option, path)]
