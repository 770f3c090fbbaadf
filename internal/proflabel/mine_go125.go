//go:build !go1.26

package proflabel

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

// Mine returns the labels of this goroutine as "key: value, …", without quotes; "" for none.
// Tracebacks have them since Go 1.26. Before, only the profile of all goroutines tells them.
func Mine() string {
	looking.Lock()
	defer looking.Unlock()
	var profile bytes.Buffer
	look(&profile)
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(record, "proflabel.look+") { // of one goroutine at a time: this one
			continue
		}
		_, labels, _ := strings.Cut(record, "\n# labels: ")
		labels, _, _ = strings.Cut(labels, "\n")
		var of map[string]string
		json.Unmarshal([]byte(labels), &of) // none: no JSON
		var all []string
		for _, key := range slices.Sorted(maps.Keys(of)) {
			all = append(all, key+": "+of[key])
		}
		return strings.ReplaceAll(strings.Join(all, ", "), `"`, "")
	}
	return ""
}

//go:noinline
func look(profile *bytes.Buffer) { pprof.Lookup("goroutine").WriteTo(profile, 1) }
