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

"""Signs in to Keystone for a Swift store."""

from collections.abc import Callable
import threading
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import network_errors
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends.swift import options as swift_options


class Account:
    """The user that Glance is in Swift, and its tokens.

    :param options: what ``swift_options.describe`` returned
    :ivar params: what ``swift_options.account`` returned
    :raises StoreError: the configuration cannot be read, or is not complete
    """

    def __init__(self, store: str, options: dict[str, Any],
                 waiting: patience.Patience) -> None:
        self._store = store
        self._options = options
        self._patience = waiting
        self._keystone = swift_options.library(
            store, 'keystoneauth1.exceptions')
        conf, _read = settings.reread(
            store, options, swift_options.driver_options())
        try:
            self.params = swift_options.account(
                conf, store, options['reference'])
        except exceptions.ConfigurationError as error:
            detail = str(error.fields['detail']).removeprefix(
                'store %s: ' % store).rstrip('.')
            raise exceptions.StoreError(store=store,
                                        detail=detail) from error
        # Our own, so that it can be closed.
        self._http = swift_options.library(store, 'requests').Session()
        self._session = self._sign_in()
        self._lock = threading.Lock()

    def close(self) -> None:
        self._http.close()

    def revoked(self, token: str) -> None:
        """Forget a token that was refused, unless there is a newer one.

        :raises StoreError: as ``token``
        """
        # One of many threads signs in anew, and the others wait for it.
        with self._lock:
            if self.token() == token:
                self._session.invalidate()
                self.token()

    def _sign_in(self) -> Any:
        v3 = swift_options.library(self._store, 'keystoneauth1.identity.v3')
        session = swift_options.library(self._store, 'keystoneauth1.session')
        url = swift_options.auth_url(self.params).rstrip('/') + '/'
        if self.params.get('application_credential_id'):
            auth = v3.ApplicationCredential(
                url,
                application_credential_id=self.params[
                    'application_credential_id'],
                application_credential_secret=self.params[
                    'application_credential_secret'])
        else:
            project, _colon, name = self.params['user'].partition(':')
            auth = v3.Password(
                url, username=name, password=self.params['key'],
                project_name=project, **{
                    key: self.params.get(key) for key in (
                        'user_domain_id', 'user_domain_name',
                        'project_domain_id', 'project_domain_name')})
        verify = (not self._options['insecure'] and
                  (self._options['cacert'] or True))
        return session.Session(auth, session=self._http, verify=verify,
                               timeout=self._patience.seconds)

    def endpoint(self) -> str:
        """Where the account's containers are.

        :raises StoreError: Keystone does not tell
        """
        def ask() -> Any:
            try:
                return self._session.get_endpoint(
                    service_type=self._options['service_type'],
                    interface=self._options['endpoint_type'],
                    region_name=self._options['region'] or None)
            except self._keystone.CatalogException:
                return None
        found = self._ask(ask)
        if not found:
            raise exceptions.StoreError(
                store=self._store, detail='Keystone has no %s of service %s; '
                'check swift_store_service_type, swift_store_endpoint_type '
                'and swift_store_region' % (self._options['endpoint_type'],
                                            self._options['service_type']))
        return str(found)

    def token(self) -> str:
        """One that is good for two more minutes at least.

        :raises StoreError: Keystone gives none
        """
        return str(self._ask(self._session.get_token))

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return self._patience.insist(question, self._may_pass)
        except self._keystone.ClientException as error:
            raise self._failure(error) from error

    def _may_pass(self, error: Exception) -> bool:
        return isinstance(error, (
            self._keystone.ConnectFailure, self._keystone.HttpServerError))

    def _failure(self, error: Exception) -> exceptions.StoreError:
        if isinstance(error, self._keystone.Unauthorized):
            detail = ('Keystone does not accept the user or the key of this '
                      'store')
        elif isinstance(error, self._keystone.ConnectTimeout):
            self._patience.silent = True
            detail = ('Keystone did not answer within %g s' %
                      self._patience.seconds)
        elif isinstance(error, self._keystone.ConnectionError):
            detail = ('no connection to Keystone: %s' %
                      network_errors.cause(error))
        else:
            detail = ('Keystone answered %s; check auth_address' %
                      type(error).__name__)
        return exceptions.StoreError(store=self._store, detail=detail)
