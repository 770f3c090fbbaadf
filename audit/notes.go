package audit

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// notes holds the figures of Stats that neither the shards nor the queue hold.
type notes struct {
	mu      sync.Mutex
	errors  int64
	last    string
	newer   int
	damaged int
	apps    map[string]bool
}

func (n *notes) leave(counter *int) {
	n.mu.Lock()
	*counter++
	n.mu.Unlock()
}

func (n *notes) addApps(apps []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, app := range apps {
		n.apps[app] = true
	}
}

func (n *notes) sortedApps() []string { return slices.Sorted(maps.Keys(n.apps)) }

// note records err in Stats. It returns err with a prefix that says what was tried.
func (l *Logger) note(tried string, err error) error {
	err = fmt.Errorf("audit: %s: %w", tried, err)
	l.notes.mu.Lock()
	defer l.notes.mu.Unlock()
	l.notes.errors++
	l.notes.last = err.Error()
	return err
}
