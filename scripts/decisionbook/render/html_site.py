class FinishReport: pass
class OfflineError(Exception): pass
def finish_site(*a, **k): return None
