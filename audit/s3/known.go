package s3

import (
	"sync"
	"time"
)

const (
	// knownFor is how long a file is taken for what it was when it was listed. A file that is
	// replaced meanwhile is noticed at the first read that goes to the server.
	knownFor = time.Minute
	// maxKnown bounds each of two generations, of some 250 bytes a file.
	maxKnown = 1 << 14
)

// version is a file at one time.
type version struct {
	etag string
	size int64
}

// known is what the latest listings said. The zero value is ready.
type known struct {
	mu            sync.Mutex
	newest, older map[string]seen
}

type seen struct {
	version
	at time.Time
}

func (k *known) remember(name string, v version) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newest == nil || len(k.newest) >= maxKnown {
		k.older, k.newest = k.newest, map[string]seen{}
	}
	k.newest[name] = seen{v, time.Now()}
}

func (k *known) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.newest, name)
	delete(k.older, name)
}

func (k *known) version(name string) (version, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	is, ok := k.newest[name]
	if !ok {
		is, ok = k.older[name]
	}
	if !ok || time.Since(is.at) > knownFor {
		return version{}, false
	}
	return is.version, true
}
