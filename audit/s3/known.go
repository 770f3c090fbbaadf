package s3

import (
	"sync"
	"time"
)

const (
	// knownFor is how long the version of a file in a listing is assumed to be the current one. If
	// the file is replaced during that time, the first read that needs the server returns an
	// error.
	knownFor = time.Minute
	// maxKnown is the maximum number of files in each of the maps newest and older. A file takes
	// some 250 bytes.
	maxKnown = 1 << 14
)

// version identifies the content of a file at one time.
type version struct {
	etag string
	size int64
}

// known keeps the versions of files from the latest listings. The zero value is ready to use.
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
