package filter

import (
	"log/slog"
	"slices"

	"example.com/clew/audit/filter/internal/script"
)

// report is the goroutine that tells what has happened, so that a slow callback or disk delays
// neither the events nor the polls.
func (s *Set) report() {
	defer close(s.done)
	var told Health
	for open := true; open; {
		select {
		case <-s.changed:
		case <-s.polled:
			s.end()
			open = false
		}
		told = s.tell(told)
		s.writeState(!open)
	}
	if s.unregister != nil {
		if err := s.unregister(); err != nil {
			s.warn("audit filters: unregister the metrics", slog.String("error", err.Error()))
		}
	}
}

// tell closes the scripts that are not needed any more, and tells what has changed.
func (s *Set) tell(before Health) Health {
	s.mu.Lock()
	offs, garbage, health := s.offs, s.garbage, s.health.clone()
	s.offs, s.garbage = nil, nil
	s.mu.Unlock()
	closeAll(garbage)
	for _, off := range offs {
		s.warn("audit filter switched off", slog.String("filter", off.Name), slog.String("reason", off.Reason),
			slog.String("file", off.File), slog.Int("line", off.Line), slog.String("consequence", s.consequence(off)))
		if s.cfg.OnOff != nil {
			s.cfg.OnOff(off)
		}
	}
	s.tellHealth(before, health)
	return health
}

func closeAll(scripts []*script.Script) {
	for _, sc := range scripts {
		sc.Close()
	}
}

// tellHealth logs what differs between two healths.
func (s *Set) tellHealth(before, now Health) {
	at := slog.String("source", now.Source)
	switch {
	case now.Error != "" && before.Error == "":
		s.warn("audit filters cannot be read; the last good ones stay in use", at, slog.String("error", now.Error))
	case now.Error == "" && before.Error != "":
		s.warn("audit filters can be read again", at)
	}
	for _, problem := range now.Problems {
		if !slices.Contains(before.Problems, problem) {
			s.warn("audit filter is wrong; its last good version stays in use, if there is one", at, slog.String("error", problem))
		}
	}
	if len(now.Problems) == 0 && len(before.Problems) > 0 {
		s.warn("audit filters are all right again", at)
	}
}

func (s *Set) warn(message string, attrs ...slog.Attr) {
	if s.cfg.Logger != nil {
		s.cfg.Logger.LogAttrs(s.running, slog.LevelWarn, message, attrs...)
	}
}
