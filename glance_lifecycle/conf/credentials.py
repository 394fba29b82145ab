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

"""Credentials of a service user: keystoneauth's options in a group of ours."""

import copy
import importlib
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading
from oslo_config import cfg

from glance_lifecycle import exceptions

# Seconds, unless the configuration says so: keystoneauth waits for ever.
_TIMEOUT = 30.0


def register(conf: cfg.ConfigOpts, group: str) -> None:
    """auth_type, auth_section, timeout, cafile, ...; not those of a type."""
    loading.register_auth_conf_options(conf, group)
    loading.register_session_conf_options(conf, group)


def connect(conf: cfg.ConfigOpts, group: str) -> Any:
    """An ``openstack.connection.Connection``; nothing is asked yet.

    The group has ``region_name`` and ``interface``, too.

    :raises ConfigurationError: the credentials are missing, or are none
    """
    values = conf[group]
    if not values.auth_type and not values.auth_section:
        raise exceptions.ConfigurationError(
            detail='[%s] has no auth_type, so there are no credentials to '
            'ask with' % group)
    try:
        session = _load_session(conf, group)
    except ksa_exceptions.ClientException as error:
        raise exceptions.ConfigurationError(
            detail='[%s] cannot be used: %s' % (group, error)) from None
    try:
        # An extra, and it takes two seconds: only for who asks.
        module = importlib.import_module('openstack.connection')
    except ImportError as error:
        raise exceptions.ConfigurationError(
            detail='the Python module %s is not installed. pip install '
            'glance-lifecycle[protection], or [worker] for the worker'
            % error.name) from None
    if session.timeout is None:
        session.timeout = _TIMEOUT
    return module.Connection(
        session=session, region_name=values.region_name,
        interface=values.interface, app_name='glance-lifecycle')


def _load_session(conf: cfg.ConfigOpts, group: str) -> Any:
    values = conf[group]
    if values.auth_section:
        auth = loading.load_auth_from_conf_options(conf, group)
    else:
        auth = _load_auth(conf, group, values.auth_type)
    return loading.load_session_from_conf_options(conf, group, auth=auth)


def listed(group: str) -> list[tuple[str, list[Any]]]:
    """What ``register`` does, for samples; of auth_type = password."""
    options = [*loading.get_auth_common_conf_options(),
               *loading.get_session_conf_options(),
               *loading.get_auth_plugin_conf_options('password')]
    return [(group, sorted(
        {option.name: option for option in options}.values(),
        key=lambda option: str(option.name)))]


def _load_auth(conf: cfg.ConfigOpts, group: str, auth_type: str) -> Any:
    """As keystoneauth does, but it registers options as required.

    Then Glance, which reads its configuration anew now and then, would fail
    for one that is missing here.
    """
    for option in loading.get_auth_plugin_conf_options(auth_type):
        option = copy.copy(option)
        option.required = False
        conf.register_opt(option, group=group)
    return loading.get_plugin_loader(auth_type).load_from_options_getter(
        lambda option: conf[group][option.dest])
