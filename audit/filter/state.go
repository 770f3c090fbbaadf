package filter

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/source"
)

const (
	stateDir     = "_filters"
	stateVersion = 1
	maxState     = 8 << 20
	maxFileName  = 150
	// stale is the maximum age of a state, in polls. If a state is older, its service counts as
	// ended.
	stale = 4
)

// State is the state of a service's filters. The file Dir/_filters/APP.json contains the state as
// one JSON object, whose keys are in the tags of the fields. The file is replaced at each poll,
// and when a filter is switched off.
type State struct {
	Version  int       `json:"version"` // 1
	App      string    `json:"app"`
	Filtered bool      `json:"filtered"` // Config.Filtered
	PID      int       `json:"pid"`
	Opened   time.Time `json:"opened"`
	Updated  time.Time `json:"updated"`
	Closed   time.Time `json:"closed,omitzero"` // zero: the Set was not closed
	// Every is Config.Every.
	Every time.Duration `json:"every_ns"`
	Stats
}

// IsRunning reports whether the service runs at the time now. This means that its Set was not
// closed, and that the state is not older than four polls plus the time limit of one read of the
// source.
func (st *State) IsRunning(now time.Time) bool {
	return st.Closed.IsZero() && now.Sub(st.Updated) < stale*max(st.Every, time.Second)+source.Timeout
}

// ReadState returns the states of all services that have dir as their Config.Dir, in the order of
// the states' file names. A directory without states is no error. An error names the files that
// could not be read. The states of the other files are returned with the error. The texts of a
// State are those of its file: escape unprintable characters before you write them to a terminal.
func ReadState(dir string) ([]State, error) {
	dir = filepath.Join(dir, stateDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	var states []State
	var wrong []error
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" || !entry.Type().IsRegular() {
			continue
		}
		state, err := readState(filepath.Join(dir, entry.Name()))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("filter: %w", err))
			continue
		}
		states = append(states, state)
	}
	return states, errors.Join(wrong...)
}

func readState(path string) (state State, err error) {
	f, err := os.Open(path)
	if err != nil {
		return state, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxState+1))
	switch {
	case err != nil:
		return state, err
	case len(text) > maxState:
		return state, fmt.Errorf("%s is larger than %d bytes", path, maxState)
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("%s: %w", path, err)
	}
	if state.Version != stateVersion {
		return state, fmt.Errorf("%s has version %d, but this program reads version %d", path, state.Version, stateVersion)
	}
	return state, nil
}

// writeState writes the state, and records why if that fails.
func (s *Set) writeState(closed bool) {
	if s.cfg.Dir == "" {
		return
	}
	reason := ""
	if err := s.tryWriteState(closed); err != nil {
		reason = rules.Printable(err.Error())
	}
	s.mu.Lock()
	before := s.stateErr
	s.stateErr = reason
	s.mu.Unlock()
	if reason != "" && before == "" {
		s.warn("audit filters: their state cannot be written", slog.String("error", reason))
	}
}

func (s *Set) tryWriteState(closed bool) error {
	now := time.Now().UTC()
	state := State{Version: stateVersion, App: s.cfg.App, Filtered: s.cfg.Filtered, PID: os.Getpid(),
		Opened: s.opened.UTC(), Updated: now, Every: s.cfg.Every, Stats: s.Stats()}
	if closed {
		state.Closed = now
	}
	text, err := json.MarshalIndent(state, "", "\t")
	if err != nil {
		return err
	}
	dir := filepath.Join(s.cfg.Dir, stateDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, fileName(s.cfg.App))
	temporary := path + ".tmp" // a reader never sees half a state
	if err := os.WriteFile(temporary, append(text, '\n'), 0o666); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

// fileName returns the name of an app's file. Letters, digits, -, _ and dots after the first byte
// are unchanged. Other bytes become %XX. A long name is cut, and ends with the digest of app.
func fileName(app string) string {
	var b strings.Builder
	for i := range len(app) {
		c := app[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > maxFileName {
		name = fmt.Sprintf("%s-%x", name[:maxFileName/2], sha256.Sum256([]byte(app)))
	}
	return name + ".json"
}
