// Package golangci makes clewvet's analyzers a linter of golangci-lint, by its module plugin
// system. Its README shows the two files that this takes.
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
	Enable   []string `json:"enable"`   // analyzers that are off otherwise
	Disable  []string `json:"disable"`  // analyzers that are on otherwise
	Tests    bool     `json:"tests"`    // look at test files, too
	Implicit bool     `json:"implicit"` // httpmw's Config.Implicit is set
}

type plugin struct{ settings Settings }

// New makes the linter. The name of an unknown analyzer is an error.
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

// GetLoadMode asks for types: all analyzers need them.
func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
