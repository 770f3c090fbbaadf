package filter

import (
	"log/slog"
	"slices"

	"example.com/clew/audit/filter/internal/script"
)

// keep is the goroutine that closes scripts that are no longer needed, and writes the state.
// Because it is a separate goroutine, a slow disk delays neither events nor polls.
func (s *Set) keep() {
	defer close(s.done)
	for open := true; open; {
		select {
		case <-s.changed:
		case <-s.polled:
			s.end()
			open = false
		}
		s.mu.Lock()
		garbage := s.garbage
		s.garbage = nil
		s.mu.Unlock()
		closeAll(garbage)
		s.writeState(!open)
	}
	if s.unregister != nil {
		if err := s.unregister(); err != nil {
			s.warn("audit filters: the metrics cannot be unregistered", slog.String("error", err.Error()))
		}
	}
	<-s.told
}

// maxOffs is how many Offs the queue can contain. The queue grows while a callback does not
// return.
const maxOffs = 1000

// tell is the goroutine that calls OnOff and logs. Because it is a separate goroutine, a slow
// callback delays nothing else.
func (s *Set) tell() {
	defer close(s.told)
	var told Health
	for open := true; open; {
		select {
		case <-s.news:
		case <-s.polled:
			open = false
		}
		s.mu.Lock()
		offs, health := s.offs, s.health.clone()
		s.offs = nil
		s.mu.Unlock()
		for _, off := range offs {
			s.tellOff(off)
		}
		s.tellHealth(told, health)
		told = health
	}
}

func (s *Set) tellOff(off Off) {
	s.warn("audit filter switched off", slog.String("filter", off.Name), slog.String("reason", off.Reason),
		slog.String("file", off.File), slog.Int("line", off.Line), slog.String("consequence", s.consequence(off)))
	if s.cfg.OnOff != nil {
		s.cfg.OnOff(off)
	}
}

func closeAll(scripts []*script.Script) {
	for _, sc := range scripts {
		sc.Close()
	}
}

// tellHealth logs what has changed between two states of the source.
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
