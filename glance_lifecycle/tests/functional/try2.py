import os, signal, time, pathlib
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance, images, loopfs
def kids(api):
    out=[]
    for p in api.descendants():
        try: c=pathlib.Path(f'/proc/{p}/cmdline').read_bytes().replace(b'\0',b' ')
        except OSError: continue
        if b'transfer.child' in c: out.append(p)
    return out
class T(base.FunctionalTestCase):
    def prep(self, size=512):
        source = images.make(self.work / 'a.qcow2', 'qcow2', size=size*images.MIB)
        api = self.useFixture(glance.GlanceApi(plugins=['lifecycle']))
        user = api.user(); image = user.create_image(); user.stage(image['id'], source)
        return source, api, user, image
    def wait_kid(self, api):
        t=time.time()
        while time.time()-t<10:
            k=kids(api)
            if k: return k[0]
            time.sleep(.005)
        raise Exception('no kid')
    def show(self, api, user, image):
        try:
            i=user.get(image['id']); print({k:i.get(k) for k in ('status','disk_format','size','stores','os_glance_importing_to_stores','os_glance_failed_import','os_glance_import_task')})
        except Exception as e: print(repr(e))
        try: print([ (t['status'],t['message']) for t in user.tasks(image['id'])])
        except Exception as e: print(repr(e))
        print('left', api.leftovers(), os.listdir(api.state_dir/'transfers') if (api.state_dir/'transfers').exists() else None)
    def test_child_killed(self):
        source, api, user, image = self.prep()
        user.import_image(image['id'], all_stores=True)
        k=self.wait_kid(api); time.sleep(.2); os.kill(k, 9)
        time.sleep(3); self.show(api,user,image)
        t=time.time(); user.import_image(image['id'], all_stores=True)
        i=user.wait_import(image['id']); print(time.time()-t); time.sleep(1); self.show(api,user,image)
    def test_api_killed(self):
        source, api, user, image = self.prep()
        user.import_image(image['id'], all_stores=True)
        k=self.wait_kid(api); time.sleep(.3); os.kill(k, 19); api.kill9(); print('surv', api.survivors())
        print('left', api.leftovers(), os.listdir(api.state_dir/'transfers'))
        print(api.run('glance-lifecycle-manage','recover','--dry-run').stdout)
        os.kill(k, 18); time.sleep(1); print('surv', api.survivors())
        print('left', api.leftovers(), os.listdir(api.state_dir/'transfers'))
        r=api.run('glance-lifecycle-manage','recover','--dry-run');print(r.stdout, r.stderr[-1500:])
        r=api.run('glance-lifecycle-manage','recover');print(r.stdout, r.stderr[-300:])
        api.start(); self.show(api,user,image)
        user.import_image(image['id'], all_stores=True)
        i=user.wait_import(image['id']); time.sleep(1); self.show(api,user,image)
    def test_delete(self):
        source, api, user, image = self.prep(2048)
        user.import_image(image['id'], all_stores=True)
        k=self.wait_kid(api); time.sleep(.5); user.delete(image['id']); t=time.time()
        while kids(api): time.sleep(.05)
        print('child gone after', time.time()-t); time.sleep(2); self.show(api,user,image)
        print([l for l in api.log_text().splitlines() if ' ERROR ' in l][-6:])
    def test_full(self):
        small=self.useFixture(loopfs.LoopFs(64*images.MIB))
        source = images.make(self.work / 'a.qcow2', 'qcow2', size=300*images.MIB)
        api = self.useFixture(glance.GlanceApi(plugins=['lifecycle'], conf={'s2': {'filesystem_store_datadir': str(small.path)}}))
        small.fill(leave=2<<20)
        user = api.user(); image = user.create_image(); user.stage(image['id'], source)
        user.import_image(image['id'], all_stores=True); time.sleep(4); self.show(api,user,image)
        user.import_image(image['id'], all_stores=True, all_stores_must_succeed=False); time.sleep(6); self.show(api,user,image)
