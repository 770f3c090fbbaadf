package filter

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/script"
	"example.com/clew/audit/filter/internal/source"
)

// maxProblems is how many faults of a source are listed. More faults are only counted.
const maxProblems = 20

// loader makes filters from the files of the source. Only the polling goroutine uses it.
type loader struct {
	set      *Set
	files    map[string][]definition // the last good definitions, by file
	parsed   map[string]parsed       // the files as last read, by name
	failed   map[string]failure      // scripts that failed, by filter
	problems []string                // the faults that this poll has found
	more     int                     // the number of faults that the list problems leaves out
	most     time.Duration           // about how long one poll may evaluate scripts
}

// load reads the source, and replaces the Set's filters by those of the source. The last good
// version of a broken file or filter stays in use. If ctx ends during a read, load changes
// nothing, because an interrupted read shows nothing about the source.
func (l *loader) load(ctx context.Context) {
	files, err := l.set.src.Read(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.set.unreachable(rules.Printable(err.Error()))
		return
	}
	l.problems, l.more = nil, 0
	next, done := l.build(ctx, l.merge(files))
	if !done {
		discard(next)
		return
	}
	changed := l.set.replace(next)
	if l.more > 0 {
		l.problems = append(l.problems, fmt.Sprintf("and %d more", l.more))
	}
	l.set.reached(l.problems, changed)
}

func (l *loader) problem(file, text string) {
	if len(l.problems) == maxProblems {
		l.more++
		return
	}
	l.problems = append(l.problems, file+": "+text)
}

// merge returns the filters of all files, in the order of the files.
func (l *loader) merge(files []source.File) []definition {
	before, parsedBefore := l.files, l.parsed
	l.files, l.parsed = map[string][]definition{}, map[string]parsed{}
	var all []definition
	taken := map[string]string{} // the file that defines each name
	for _, f := range files {
		l.files[f.Name] = l.parse(f, before[f.Name], parsedBefore[f.Name])
		for _, def := range l.files[f.Name] {
			switch other, twice := taken[def.Name]; {
			case twice:
				l.problem(f.Name, fmt.Sprintf("filter %q: the name is taken by a filter of %s", def.Name, other))
			case len(all) == rules.MaxFilters:
				l.problem(f.Name, fmt.Sprintf("filter %q: more than %d filters", def.Name, rules.MaxFilters))
			default:
				taken[def.Name] = f.Name
				all = append(all, def)
			}
		}
	}
	return all
}

// parse returns the filters of a file. If a filter is wrong, parse returns the last good version
// of it.
func (l *loader) parse(f source.File, before []definition, last parsed) []definition {
	if f.Err != nil {
		l.problem(f.Name, rules.Printable(f.Err.Error()))
		l.parsed[f.Name] = last
		return before
	}
	now := last
	if sum := sha256.Sum256(f.Text); sum != last.sum {
		now = parse(f.Text, sum)
	}
	var defs []definition
	for _, def := range now.good {
		defs = append(defs, definition{def, f.Name, now.sum})
	}
	for _, err := range now.errs {
		l.problem(f.Name, err.Error())
	}
	defs = append(defs, now.keep(before, &last)...)
	l.parsed[f.Name] = now
	return defs
}

// build returns the filters that apply to the service. A filter whose script has not changed keeps
// its scope. If a new script cannot be evaluated, the old one stays in use. When the time for
// evaluation is used up, the remaining scripts wait for the next poll. The result done is false if
// ctx has ended.
func (l *loader) build(ctx context.Context, defs []definition) (next []change, done bool) {
	now := time.Now()
	failed := l.failed
	l.failed = map[string]failure{}
	evaluated := 0
	for _, def := range defs {
		if ctx.Err() != nil {
			return next, false
		}
		if !def.AppliesTo(l.set.cfg.App, l.set.cfg.Filtered) {
			continue
		}
		old, keeps := l.set.find(&def)
		switch {
		case def.IsExpired(now):
			next = append(next, change{def: def, old: old, kind: expired})
		case keeps:
			next = append(next, change{def: def, old: old, kind: same})
		case evaluated > 0 && time.Since(now) > l.most: // each poll evaluates at least one script
			l.problem(def.file, fmt.Sprintf("filter %q: not evaluated yet, since the filters before it took more than %v", def.Name, l.most))
			next = keepOld(next, old)
		default:
			evaluated++
			next = l.evaluate(next, def, old, failed[def.Name])
		}
	}
	return next, true
}

// maxLoad is how long one poll evaluates scripts, approximately. Without this limit, good filters
// would have to wait for a hundred scripts that loop.
const maxLoad = 5 * time.Second

// keepOld appends a filter as it was before, if there was one.
func keepOld(next []change, old *live) []change {
	if old == nil {
		return next
	}
	return append(next, change{def: old.definition, old: old, kind: same})
}

// discard closes the scripts of changes that will not be used.
func discard(next []change) {
	for _, c := range next {
		if c.script != nil {
			c.script.Close()
		}
	}
}

// evaluate evaluates the script of def and appends the new filter to next. If that fails, it
// appends the old filter.
func (l *loader) evaluate(next []change, def definition, old *live, before failure) []change {
	var s *script.Script
	reason := before.reason
	if reason == "" || before.sum != def.sum {
		var err error
		if s, err = script.New(def.Name, def.Script, def.Line); err != nil {
			reason = rules.Printable(err.Error())
		} else {
			return append(next, change{def: def, old: old, script: s})
		}
	}
	l.failed[def.Name] = failure{def.sum, reason}
	l.problem(def.file, reason) // the reason names the filter
	return keepOld(next, old)
}

// find returns the filter that has the name of def, or nil, and whether the filter's script stays
// in use for def. The script of a filter that was switched off is evaluated again when the
// filter's file has changed.
func (s *Set) find(def *definition) (old *live, keeps bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.shown, func(l *live) bool { return l.Name == def.Name })
	if i < 0 {
		return nil, false
	}
	old = s.shown[i]
	if old.off != nil {
		return old, old.sum == def.sum
	}
	return old, old.script != nil && old.Script == def.Script
}
