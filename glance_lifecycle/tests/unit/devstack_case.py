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

"""A machine that DevStack runs on, with stand-ins for DevStack."""

from collections.abc import Iterator
import contextlib
import os
import pathlib
import subprocess
import tempfile

from oslo_config import cfg

from glance_lifecycle.tests import waiting

PLUGIN = pathlib.Path(__file__).parents[3]
DATA = pathlib.Path(__file__).parent / 'devstack_data'

_SERVICES = 'g-api,n-api,c-api,key,mysql,rabbit,tempest'

# What local.conf says, by the name of the golden file.
VARIANTS: dict[str, dict[str, str]] = {
    'plain': {},
    'ceph': {'CEPH': 'True'},
    'barbican': {'ENABLED_SERVICES': _SERVICES + ',barbican'},
    'no-worker': {'DISABLED_SERVICES': 'glance-lifecycle-worker',
                  'LIFECYCLE_PROTECTION': 'False'},
    'offload': {
        # With all that is left over from the others.
        'LIFECYCLE_RUN_IN': 'worker',
        'PLUGINS': '[inject_image_metadata, image_conversion]',
        'ENABLED_SERVICES': 'g-api,key,postgresql,s-proxy,tls-proxy'},
    'one-store': {
        'GLANCE_ENABLE_MULTIPLE_STORES': 'False',
        'LIFECYCLE_JOBBOARD': 'sqlite', 'LIFECYCLE_PROTECTION': 'no',
        'LIFECYCLE_PROPERTY_PROTECTION': 'no'},
    'no-glance': {'ENABLED_SERVICES': 'n-cpu'},
}


class Machine:
    """One that DevStack runs on: a directory."""

    def __init__(self, top: pathlib.Path, variant: str) -> None:
        self.top = top
        self._environ = {'PATH': os.environ['PATH'], **VARIANTS[variant]}
        self.etc = top / 'etc' / 'glance'
        self.api_conf = self.etc / 'glance-api.conf'
        self.worker_conf = self.etc / 'glance-lifecycle-worker.conf'

    def run(self, script: str, **environ: str
            ) -> subprocess.CompletedProcess[str]:
        """:param script: stack, unstack or clean"""
        return subprocess.run(
            ['bash', str(DATA / 'stack.bash'), str(PLUGIN), str(self.top),
             script], env=self._environ | environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=waiting.BOUND)

    def must_run(self, script: str) -> None:
        done = self.run(script)
        if done.returncode:
            raise AssertionError('%s: %d\n%s' % (
                script, done.returncode, done.stdout))

    def files(self, below: str = 'etc') -> dict[str, str]:
        """Path -> text, of all below a directory."""
        return {path.relative_to(self.top / below).as_posix():
                self._neutral(path.read_text())
                for path in sorted((self.top / below).rglob('*'))
                if path.is_file()}

    def calls(self) -> str:
        return self._neutral((self.top / 'calls').read_text())

    def _neutral(self, text: str) -> str:
        return text.replace(str(self.top), 'TOP').replace(
            str(PLUGIN), 'PLUGIN')

    def shown(self) -> str:
        """All of it, as the golden files have it."""
        parts = {'calls': self.calls()} | self.files('opt') | self.files()
        # The package's own, and a stand-in.
        for name in ('glance/policy.d/lifecycle-protection.yaml',
                     'glance/property-protections-lifecycle.conf'):
            if name in parts:
                parts[name] = '(from etc/glance)\n'
        return '\n'.join('==== %s\n%s' % part for part in parts.items()
                         if not part[0].startswith('data/venv/'))


@contextlib.contextmanager
def stacked(variant: str, times: int = 1) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as top:
        machine = Machine(pathlib.Path(top).resolve(), variant)
        for _ in range(times):
            machine.must_run('stack')
        yield machine


def sections(path: pathlib.Path) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(str(path), found).parse()
    return found
