// Package golangci makes clewvet's analyzers a linter of golangci-lint, through golangci-lint's
// module plugin system. The README shows the two files that a user writes.
package golangci

import (
	"fmt"
	"slices"

	"example.com/clew/cmd/clewvet/internal/vet"
	"example.com/clew/cmd/clewvet/internal/vet/at"
	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"
)

func init() { register.Plugin("clewvet", New) }

// Settings is the part of .golangci.yml below linters.settings.custom.clewvet.settings.
type Settings struct {
	Enable   []string `json:"enable"`   // analyzers to switch on, of those that are off by default
	Disable  []string `json:"disable"`  // analyzers to switch off, of those that are on by default
	Tests    bool     `json:"tests"`    // check test files, too
	Implicit bool     `json:"implicit"` // the program sets Implicit in httpmw's Config
}

type plugin struct{ settings Settings }

// New returns the linter for the settings conf. An unknown analyzer or setting is an error.
func New(conf any) (register.LinterPlugin, error) {
	settings, err := register.DecodeSettings[Settings](conf)
	if err != nil {
		return nil, err
	}
	p := plugin{settings}
	for _, name := range slices.Concat(settings.Enable, settings.Disable) {
		if !slices.ContainsFunc(append(vet.On(), vet.Off()...), func(a *analysis.Analyzer) bool { return a.Name == name }) {
			return nil, fmt.Errorf("clewvet: no analyzer %q", name)
		}
	}
	return p, nil
}

func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	at.Tests, at.Implicit = p.settings.Tests, p.settings.Implicit
	chosen := slices.DeleteFunc(vet.On(), func(a *analysis.Analyzer) bool { return slices.Contains(p.settings.Disable, a.Name) })
	for _, a := range vet.Off() {
		if slices.Contains(p.settings.Enable, a.Name) {
			chosen = append(chosen, a)
		}
	}
	return chosen, nil
}

// GetLoadMode asks for type information, because all analyzers need types.
func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
