package timeline

// fold is a group of similar spans. A view shows only the first ones and the slowest one.
type fold struct {
	members, shown int
	slowest        *Span
	fastest        *Span
	told           bool // the view already has the row about the hidden spans
	spans, lines   int  // the numbers of hidden spans and lines
}

// foldFrom is the smallest number of similar spans that are folded.
const foldFrom = 6

// Similar spans have equal kinships.
type kinship struct {
	service, operation, below string
	kind                      Kind
	status                    int
}

func (s *Span) kin() kinship {
	k := kinship{service: s.Service, operation: alike(s.Operation), kind: s.Kind, status: s.Status}
	if len(s.Children) > 0 {
		k.below = s.Children[0].Service + " " + alike(s.Children[0].Operation)
	}
	return k
}

// folds are the groups of similar spans under one span. They do not contain spans with a failure
// below them, because a view always shows these.
type folds map[kinship]*fold

func foldsOf(spans []*Span) folds {
	all := folds{}
	for _, s := range spans {
		if s.below.failed {
			continue
		}
		k := s.kin()
		f := all[k]
		if f == nil {
			f = &fold{slowest: s, fastest: s}
			all[k] = f
		}
		f.members++
		if s.Duration > f.slowest.Duration {
			f.slowest = s
		}
		if s.Duration < f.fastest.Duration {
			f.fastest = s
		}
	}
	return all
}

// of returns the fold of s; nil: s is always shown.
func (all folds) of(s *Span) *fold {
	if len(all) == 0 || s.below.failed {
		return nil
	}
	if f := all[s.kin()]; f.members >= foldFrom {
		return f
	}
	return nil
}

// withSpan appends s to items if s is shown. For the first hidden span of a fold, it appends the
// fold instead. For further hidden spans, it appends nothing.
func (p *page) withSpan(items []item, s *Span, folds folds) []item {
	f := folds.of(s)
	if f == nil || f.shown < maxItems || s == f.slowest {
		if f != nil {
			f.shown++
		}
		return append(items, item{span: s})
	}
	f.spans += s.below.spans
	f.lines += s.below.lines
	if f.told {
		return items
	}
	f.told = true
	return append(items, item{fold: f})
}

// folded writes a row with the number of hidden spans of a fold.
func (p *page) folded(f *fold, branch string) {
	n := f.members - f.shown
	if f.slowest != nil && f.shown == maxItems { // the slowest span is shown later
		n--
	}
	p.hiddenSpans += f.spans
	p.hiddenLines += f.lines
	p.row("", "", "", branch, Word{}, Word{Dim, "… " + Grouped(n) + " more like these, " + short(f.fastest.Duration) + " to " + short(f.slowest.Duration) +
		" (" + Counted(f.lines, "line") + ")"})
}
