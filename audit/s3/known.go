package s3

import (
	"sync"
	"time"
)

const (
	// knownFor is how long the version of a listing is taken for the current one. If the file is
	// replaced meanwhile, the first read that goes to the server notices.
	knownFor = time.Minute
	// maxKnown bounds the files of each of two generations. A file takes some 250 bytes.
	maxKnown = 1 << 14
)

// version identifies the content of a file at one time.
type version struct {
	etag string
	size int64
}

// known is the versions that the latest listings had. The zero value is ready.
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
