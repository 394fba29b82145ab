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

"""``python -m benchmarks.protection``: what the check ``lifecycle`` costs.

The time of one enforcement of ``delete_image`` by Glance's own enforcer, with
Glance's own rule and with ours after it: on a policy of 50 rules of which the
last decides, and 10,000 images in use. Nothing is asked meanwhile: listings
are younger than the interval. (Nova is asked once more about an image that a
server keeps, and Ceph about one that is in a pool; that is not measured.)
"""

import datetime
import json
import pathlib
import statistics
import sys
import tempfile
import time
from typing import Any
import uuid

from glance.api import policy as glance_policy
from glance import context as glance_context
from glance import domain
from oslo_config import cfg
from oslo_policy import opts as policy_opts

from glance_lifecycle.enforcement import guard

FRAGMENT = pathlib.Path(__file__).parents[1].joinpath(
    'etc/glance/policy-lifecycle-protection.yaml')
RULES = 50
IN_USE = 10_000
PROJECT = uuid.uuid4().hex

#: Microseconds that the check may add, at the median.
GOAL = 1000.0


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        used = _prepare(work)
        plain, checked = _enforcer(work, None), _enforcer(work, FRAGMENT)
        context = glance_context.RequestContext(
            user_id='u', project_id=PROJECT, roles=['member', 'reader'],
            policy_enforcer=plain)
        rows = {
            "Glance's rule alone": _times(plain, context, [], count),
            'and lifecycle:delete, no rule protects':
                _times(checked, context, [], count),
            'the same, kept while in use: free':
                _times(checked, context, ['kept'], count),
            'the same, in its cool-down: refused':
                _times(checked, context, ['cooling'], count),
            'the same, in use: refused':
                _times(checked, context, ['kept'], count, used)}
    base = rows["Glance's rule alone"]
    print(f'{"enforcement of delete_image":42} median   99 %  (µs)')
    for label, (median, high) in rows.items():
        print(f'{label:42} {median:6.0f} {high:6.0f}')
    added = max(median for median, _ in rows.values()) - base[0]
    print(f'at most {added:.0f} µs more at the median; the goal is less than '
          f'{GOAL:.0f}')
    return 0


def _prepare(work: pathlib.Path) -> str:
    """Policy, listings, configuration; the id of an image in use."""
    document = work / 'lifecycle.yaml'
    rules = [{'name': f'rule-{number}',
              'match': {'tags': f'tag-{number}',
                        'properties': {'os_distro': {'pattern': 'x*'}}},
              'protect': {'protected': True}} for number in range(RULES - 2)]
    rules += [{'name': 'kept', 'match': {'tags': 'kept'},
               'protect': {'keep_while_in_use': True, 'may_delete': []}},
              {'name': 'cooling', 'match': {'tags': 'cooling'},
               'protect': {'cool_down': '1 day', 'may_delete': []}}]
    document.write_text(json.dumps({'version': 1, 'rules': rules}))
    ids = [str(uuid.uuid4()) for _ in range(IN_USE)]
    (work / 'dependents').mkdir()
    for name in ('servers', 'volumes'):
        (work / f'dependents/{name}.json').write_text(json.dumps(
            {'taken': time.time(), 'ids': ids}))
    cfg.CONF([], project='glance', default_config_files=[])
    policy_opts.set_defaults(cfg.CONF)
    for option, value, group in (
            ('policy_file', str(document), 'lifecycle'),
            ('state_dir', str(work), 'lifecycle'),
            ('providers', ['volumes'], 'lifecycle_protection'),
            ('refresh_interval', 3600, 'lifecycle_protection'),
            ('max_age', 7200, 'lifecycle_protection'),
            ('enabled_backends', {'fast': 'file'}, None)):
        if option in (cfg.CONF[group] if group else cfg.CONF):
            cfg.CONF.set_override(option, value, group)
    assert guard  # it registers those options
    return ids[0]


def _enforcer(work: pathlib.Path, path: pathlib.Path | None) -> Any:
    if path is None:
        path = work / 'empty.yaml'
        path.write_text('{}')
    cfg.CONF.set_override('policy_file', str(path), 'oslo_policy')
    enforcer = glance_policy.Enforcer()
    enforcer.load_rules()
    return enforcer


def _times(enforcer: Any, context: Any, tags: list[str], count: int,
           image_id: str = '') -> tuple[float, float]:
    """Microseconds: the median, and what 99 % stay below."""
    times = []
    for number in range(-100, count):
        target = glance_policy.ImageTarget(_image(tags, image_id))
        start = time.perf_counter()
        try:
            enforcer.enforce(context, 'delete_image', target)
        except glance_policy.exception.Forbidden:
            pass
        if number >= 0:
            times.append((time.perf_counter() - start) * 1e6)
    return (statistics.median(times),
            statistics.quantiles(times, n=100)[-1])


def _image(tags: list[str], image_id: str) -> Any:
    now = datetime.datetime.now()
    return domain.Image(
        image_id or str(uuid.uuid4()), 'active', now, now, name='image',
        owner=PROJECT, visibility='private', disk_format='raw',
        container_format='bare', size=1 << 30, virtual_size=1 << 30,
        tags=tags, extra_properties={
            f'property_{number}': 'value' for number in range(20)},
        locations=[{'url': 'file:///x', 'metadata': {'store': 'fast'}}])


if __name__ == '__main__':
    sys.exit(main())
