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

"""Sign an image, import it into three stores of a real Glance, prove it right.

The sample policy is in force. It makes a raw or qcow2 image golden.

Exits with 0 when everything is as it should be, 1 when something is not, and
130 when interrupted. Whatever happens, it leaves nothing behind.
"""

import argparse
import concurrent.futures
import contextlib
import importlib.metadata
import pathlib
import shutil
import signal
import sys
import time
from typing import Any

import fixtures
from oslo_utils.imageutils import format_inspector

from demo import golden
from demo import health
from demo import hygiene
from demo import plan
from demo import proof
from demo import screen
from demo import signers
from demo import traced
from demo import workers
from glance_lifecycle.audit import link
from glance_lifecycle.audit import verification
from glance_lifecycle.policy import explain
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.functional.fixtures import worker

BUNDLED = pathlib.Path(__file__).parent / 'demo.qcow2'
STORES = ('s1', 's2', 's3')

#: The policy wants golden images there as well, but later.
ARCHIVE = 'archive'

# oslo.utils' name -> Glance's, where they differ
_DISK_FORMATS = {'vpc': 'vhd', 'gpt': 'raw'}


class Wrong(Exception):
    """Something is not as it should be; the text says what."""


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.day:
            the_day = workers.the_day()
            workers.run(_cleaned_up(the_day), the_day)
        elif arguments.hygiene:
            _clean()
        elif arguments.plan:
            _plan(arguments.out and arguments.out.resolve())
        else:
            _import_one(arguments.image.resolve())
    except KeyboardInterrupt:
        screen.heading('Stopped, and nothing is left behind.')
        return 130
    except (Wrong, hygiene.Wrong, traced.Wrong, RuntimeError, OSError,
            client.HttpError, process.ServerFailed) as error:
        screen.heading('Something is not as it should be:')
        screen.paragraph(str(error))
        return 1
    screen.heading('All is as it should be, and nothing is left behind.')
    return 0


def _import_one(source: pathlib.Path) -> None:
    """:raises Wrong: something is not as it should be"""
    keys = signers.Signers()
    policy = golden.Policy(STORES)
    api = glance.GlanceApi(
        stores=dict.fromkeys((*STORES, ARCHIVE), 'file'),
        plugins=['lifecycle'], autostart=False)
    with _cleaned_up(keys), _cleaned_up(policy), _cleaned_up(api):
        _demo(api, keys, policy, source)
    if api.base.exists():
        raise Wrong(f'{api.base} was not removed')


def _clean() -> None:
    """:raises hygiene.Wrong: something is not as it should be"""
    api = glance.GlanceApi(stores=dict.fromkeys(STORES, 'file'),
                           autostart=False)
    with _cleaned_up(api):
        screen.heading('A Glance with three file stores')
        _start(api, {})
        hygiene.Hygiene(api).run()


def _plan(out: pathlib.Path | None) -> None:
    """:raises traced.Wrong: something is not as it should be"""
    api = glance.GlanceApi(stores=dict.fromkeys(plan.STORES, 'file'),
                           autostart=False)
    with _cleaned_up(api):
        screen.heading('A Glance with two file stores, and a worker')
        _start(api, {})
        daemon = worker.Worker(api, plan.POLICY)
        with _cleaned_up(daemon):
            plan.Plan(api, daemon, out).run()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='demo', description='Import an image into a real Glance with '
        'three stores, and prove each stored copy right.')
    parser.add_argument('image', nargs='?', type=pathlib.Path,
                        default=BUNDLED, help='default: a small qcow2')
    parser.add_argument('--day', action='store_true',
                        help='instead: a day in the life of two workers')
    parser.add_argument('--hygiene', action='store_true',
                        help='instead: two years of mess, taken back')
    parser.add_argument('--plan', action='store_true',
                        help='instead: advice on a cloud, carried out')
    parser.add_argument('--out', type=pathlib.Path, metavar='FILE',
                        help='with --plan: write the report there')
    arguments = parser.parse_args()
    if arguments.out and not arguments.plan:
        parser.error('--out is for --plan')
    if not arguments.image.is_file():
        parser.error(f'{arguments.image} is not a file')
    return arguments


@contextlib.contextmanager
def _cleaned_up(fixture: fixtures.Fixture) -> Any:
    """Set up and, not to be interrupted again, clean up."""
    fixture.setUp()
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        fixture.cleanUp()


def _demo(api: glance.GlanceApi, keys: signers.Signers,
          policy: golden.Policy, source: pathlib.Path) -> None:
    disk_format = _detect(source)
    is_golden = disk_format in golden.FORMATS
    screen.heading('One import, three stores, one pass over the image')
    screen.row('image', source.name,
               f'{disk_format}, {screen.size(source.stat().st_size)}')
    screen.row('glance', importlib.metadata.version('glance'),
               'import plugin lifecycle; SQLite; file stores s1, s2, s3')
    screen.row('policy', 'the sample, rule golden' if is_golden else 'none',
               'etc/lifecycle-policy.yaml.sample' if is_golden else
               f'golden images are {" or ".join(golden.FORMATS)}')
    screen.row('directory', api.base)
    print()
    _start(api, {**keys.conf(), **(_installed(api, policy)
                                   if is_golden else {})})
    user = api.user('builder', golden.PROJECT)
    image = _import(user, keys, source, disk_format, is_golden)
    _show(image)
    _prove(api, image, source, disk_format)
    _prove_signers(api, keys, image)
    if is_golden:
        _prove_golden(api, user, policy, image)
    screen.heading('Is this Glance configured well?')
    wrong = health.show(api.etc)
    if wrong:
        raise Wrong('\n'.join(wrong))


def _installed(api: glance.GlanceApi, policy: golden.Policy
               ) -> glance_conf.Sections:
    """The policy where an operator has it: beside glance-api.conf."""
    conf = policy.conf()
    path = shutil.copy(str(conf['lifecycle']['policy_file']), api.etc)
    return {**conf, 'lifecycle': {'policy_file': path}}


def _detect(source: pathlib.Path) -> str:
    name = str(format_inspector.detect_file_format(str(source)))
    return _DISK_FORMATS.get(name, name)


def _start(api: glance.GlanceApi, conf: glance_conf.Sections) -> None:
    live, start = screen.Live('start'), time.monotonic()
    api.configure(lifecycle_transfer={'progress_interval': 1}, **conf)
    api.start()
    live.done(f'{_since(start)}  {api.url}')


def _import(user: client.Client, keys: signers.Signers,
            source: pathlib.Path, disk_format: str,
            is_golden: bool) -> client.Image:
    """Sign, stage and import, with the task's own words as progress."""
    live, start = screen.Live('sign'), time.monotonic()
    signature = keys.sign(source)
    live.done(f'{_since(start)}  RSA-PSS, SHA-512, by CN=Image builder')

    image = user.create_image(
        source.name, disk_format=disk_format, **signature,
        **(golden.PROPERTIES if is_golden else {}))
    live, start = screen.Live('stage'), time.monotonic()
    user.stage(image['id'], source)
    live.done(f'{_since(start)}  PUT /v2/images/{image["id"]}/stage')

    live, start = screen.Live('import'), time.monotonic()
    # Where golden images go is the policy's business.
    user.import_image(image['id'], stores=None if is_golden else STORES,
                      all_stores_must_succeed=True)
    image = user.wait_import(
        image['id'], timeout=float('inf'),
        each=lambda image: live.show(_progress(user, image)))
    if image['status'] != 'active':
        live.clear()
        message = user.tasks(image['id'])[0]['message']
        raise Wrong(f'Glance did not import the image: {message}')
    live.done(f'{_since(start)}  POST /v2/images/{image["id"]}/import')
    return image


def _progress(user: client.Client, image: client.Image) -> str:
    tasks = user.tasks(image['id'])
    return str((tasks and tasks[0]['message']) or '...')


def _show(image: client.Image) -> None:
    screen.heading('The image, as Glance shows it')
    for name in ('id', 'status', 'disk_format', 'size', 'virtual_size',
                 'stores', 'checksum', 'os_hash_algo', 'os_hash_value'):
        screen.row(name, _folded(str(image[name])))


def _folded(text: str) -> str:
    """A sha512 in two lines of an 80 column terminal."""
    return f'\n{" " * (screen.LABEL + 2)}'.join(
        text[at:at + 64] for at in range(0, len(text), 64))


def _prove(api: glance.GlanceApi, image: client.Image,
           source: pathlib.Path, disk_format: str) -> None:
    screen.heading('Are the stored copies right?')
    witnesses = proof.witnesses(source, disk_format, image['disk_format'])
    for number, witness in enumerate(witnesses):
        screen.row('' if number else 'compared with', witness.name)
    paths = {store: api.stored_copy(image['id'], store) for store in STORES}
    wrong = _glance_errors(image)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        digests = pool.map(images.digests, paths.values())
        for (store, path), found in zip(paths.items(), digests):
            errors = _store_errors(image, path, found, witnesses)
            screen.row(store, 'DIFFERENT' if errors else 'equal',
                       f'sha512 {found.sha512[:16]}..., '
                       f'{screen.size(path.stat().st_blocks * 512)} on disk')
            wrong += [f'{store}: {error}' for error in errors]
    left = _left(api, image['id'])
    screen.row('left over', ', '.join(left) or 'nothing',
               'in staging, stores and state directory')
    wrong += [f'left over: {name}' for name in left]
    if wrong:
        raise Wrong('\n'.join(wrong))


def _left(api: glance.GlanceApi, *keep: str) -> list[str]:
    """What is left over; the journal goes a moment after the task ends."""
    deadline = time.monotonic() + 10
    while (left := api.leftovers(*keep)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _prove_signers(api: glance.GlanceApi, keys: signers.Signers,
                   image: client.Image) -> None:
    screen.heading('Who answers for them?')
    copy = images.digests(api.stored_copy(image['id'], STORES[0]))
    checks = keys.chain(image, verification.Digests(
        {'sha512': bytes.fromhex(copy.sha512)}, copy.size))
    signers.show(checks)
    failed = [check.name for check in checks
              if check.result == link.Result.FAILED]
    if failed:
        raise Wrong(f'not verified: {", ".join(failed)}')


def _prove_golden(api: glance.GlanceApi, user: client.Client,
                  policy: golden.Policy, image: client.Image) -> None:
    screen.heading('Why is it so?')
    lines = policy.explain(image, api.stores)
    golden.show(lines)
    drift = [line.detail for line in lines
             if line.result is explain.Result.DRIFT]
    # The archive is for later.
    if len(drift) != 1 or ARCHIVE not in drift[0]:
        raise Wrong(f'not as the policy wants it: {"; ".join(drift)}')
    screen.heading('May its owner delete it?')
    if not golden.delete(api, user, image):
        raise Wrong('its owner could delete a golden image')
    left = _left(api)
    if left:
        raise Wrong(f'left over after the deletion: {", ".join(left)}')


def _glance_errors(image: client.Image) -> list[str]:
    wrong = []
    if sorted(image['stores'].split(',')) != sorted(STORES):
        wrong.append(f'the image is in stores {image["stores"]}')
    if image.get('os_glance_failed_import'):
        wrong.append(f'failed in {image["os_glance_failed_import"]}')
    return wrong


def _store_errors(image: client.Image, path: pathlib.Path,
                  found: images.Reference,
                  witnesses: list[proof.Witness]) -> list[str]:
    wrong = [witness.objection(path, found) for witness in witnesses]
    says = (image['size'], image['checksum'], image['os_hash_value'])
    if says != (found.size, found.md5, found.sha512):
        wrong.append('it is not what Glance says it is')
    return [text for text in wrong if text]


def _since(start: float) -> str:
    return f'{time.monotonic() - start:5.1f} s'


if __name__ == '__main__':
    sys.exit(main())
