package filter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A filter is missing if no document of the file has its name any more. If a wrong document
// without a name appears at the same time, this document may be the filter, so the filter stays. A
// document that was wrong before is not the filter, so the filter is removed.
func TestPartsWithoutAName(t *testing.T) {
	f, g := rule("f", is("a")), rule("g", is("b"))
	const x, y, z = "name: [\n", "name: {\n", "js: x\n" // wrong, and without a name
	named := rule("g", is("b"), "unknown: 1")
	type step struct{ file, want string }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"a filter is removed, and an old fault stays", []step{{f + "---\n" + g + "---\n" + x, "f g"}, {f + "---\n" + x, "f"}, {x, ""}}},
		{"a filter is removed, and an old fault moves", []step{{x + "---\n" + f + "---\n" + g, "f g"}, {f + "---\n" + x, "f"}}},
		{"a filter breaks and loses its name", []step{{f + "---\n" + g, "f g"}, {f + "---\n" + x, "f g"}, {f + "---\n" + x, "f g"}, {f + "---\n" + y, "f g"}, {f, "f"}}},
		{"a filter breaks and loses its name, and an old fault stays", []step{{f + "---\n" + g + "---\n" + x, "f g"}, {f + "---\n" + y + "---\n" + x, "f g"},
			{f + "---\n" + z + "---\n" + x, "f g"}, {f + "---\n" + x, "f"}}},
		{"all filters may be broken", []step{{f + "---\n" + g, "f g"}, {x, "f g"}, {f + "---\n" + x, "f g"}, {f, "f"}}},
		{"a filter breaks, then another is removed", []step{{f + "---\n" + g, "f g"}, {f + "---\n" + x, "f g"}, {x, "g"}}},
		{"the name of a broken filter comes and goes", []step{{f + "---\n" + g, "f g"}, {f + "---\n" + named, "f g"}, {f + "---\n" + x, "f g"}, {f + "---\n" + named, "f g"}, {f, "f"}}},
		{"a filter with a fault is removed, and an old fault stays", []step{{f + "---\n" + g + "---\n" + x, "f g"}, {f + "---\n" + named + "---\n" + x, "f g"}, {f + "---\n" + x, "f"}}},
		{"the file is half-written", []step{{f + "---\n" + g, "f g"}, {"", "f g"}, {"\n", "f g"}, {g, "g"}}},
		{"a fault appears while no filter is missing", []step{{f + "---\n" + g, "f g"}, {f + "---\n" + g + "---\n" + x, "f g"},
			{f + "---\n" + y + "---\n" + x, "f g"}, {f + "---\n" + x, "f"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "all.yaml", c.steps[0].file)
			synctest.Test(t, func(t *testing.T) {
				s := open(t, filter.Config{Source: dir})
				for i, step := range c.steps {
					write(t, dir, "all.yaml", step.file)
					for range 2 { // the next poll must not change anything
						poll()
						var names []string
						for _, f := range s.Stats().Filters {
							names = append(names, f.Name)
						}
						assert.Equal(t, step.want, strings.Join(names, " "), "step %d", i)
					}
				}
			})
		})
	}
}

// If a file cannot be read for a while, its earlier faults are still known afterwards.
func TestPartsOfAnUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	f, g := rule("f", is("a")), rule("g", is("b"))
	write(t, dir, "all.yaml", f+"---\n"+g+"---\nname: [\n")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		remove(t, dir, "all.yaml")
		require.NoError(t, os.Mkdir(filepath.Join(dir, "all.yaml"), 0o700))
		poll()
		assert.Equal(t, []string{"f", "g"}, verdicts(s, "a", "b"))
		remove(t, dir, "all.yaml")
		write(t, dir, "all.yaml", f+"---\nname: [\n")
		poll()
		assert.Equal(t, []string{"f", "discarded"}, verdicts(s, "a", "b"))
	})
}

// A file whose text has not changed is not parsed again. Its problems are still reported.
func TestParsedOnce(t *testing.T) {
	const filters, apps = 100, 500
	other := fmt.Sprintf("apps: [x%s]", strings.Repeat(", x", apps-1))
	dir := t.TempDir()
	set := func(last string) {
		var all []string
		for i := range filters {
			all = append(all, rule(fmt.Sprint("f", i), "true", other))
		}
		write(t, dir, "all.yaml", strings.Join(append(all, last), "---\n"))
	}
	// pollAllocs returns the allocations of a poll.
	pollAllocs := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		poll()
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	set("name: broken\n")
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		problems := s.Stats().Health.Problems
		require.Len(t, problems, 1)
		require.Contains(t, problems[0], `filter "broken": no js`)
		assert.Less(t, pollAllocs(), uint64(filters*apps/2), "an unchanged text is not parsed")
		assert.Equal(t, problems, s.Stats().Health.Problems)
		set("name: other\n")
		assert.Greater(t, pollAllocs(), uint64(filters*apps), "a new text is parsed")
		assert.Contains(t, s.Stats().Health.Problems[0], `filter "other": no js`)
	})
}
