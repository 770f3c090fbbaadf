//go:build !go1.26

package goroutine

import (
	"bytes"
	"encoding/json"
	"maps"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
)

var looking sync.Mutex

// Labels returns the profiler labels of this goroutine as "key: value, …" without quotes, or "".
// Before Go 1.26 tracebacks have no labels: only the profile of all goroutines has them.
func Labels() string {
	looking.Lock() // so that only this goroutine has the function look on its stack
	defer looking.Unlock()
	var profile bytes.Buffer
	look(&profile)
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(record, "/goroutine.look+") {
			continue
		}
		_, labels, _ := strings.Cut(record, "\n# labels: ")
		labels, _, _ = strings.Cut(labels, "\n")
		var values map[string]string
		json.Unmarshal([]byte(labels), &values) // without labels, the text is not JSON
		var all []string
		for _, key := range slices.Sorted(maps.Keys(values)) {
			all = append(all, key+": "+values[key])
		}
		return strings.ReplaceAll(strings.Join(all, ", "), `"`, "")
	}
	return ""
}

//go:noinline
func look(profile *bytes.Buffer) { pprof.Lookup("goroutine").WriteTo(profile, 1) }
