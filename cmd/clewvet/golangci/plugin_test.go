package golangci_test

import (
	"slices"
	"testing"

	_ "example.com/clew/cmd/clewvet/golangci"
	"github.com/golangci/plugin-module-register/register"
)

func TestPlugin(t *testing.T) {
	tests := []struct {
		name     string
		settings any
		with     string
		without  string
		wantErr  bool
	}{
		{name: "no settings", with: "logctx", without: "nakedgo"},
		{name: "one analyzer on and one off", settings: map[string]any{"enable": []string{"nakedgo"}, "disable": []string{"logctx"}}, with: "nakedgo", without: "logctx"},
		{name: "unknown analyzer", settings: map[string]any{"enable": []string{"nonsense"}}, wantErr: true},
		{name: "unknown setting", settings: map[string]any{"nonsense": true}, wantErr: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			newPlugin, err := register.GetPlugin("clewvet")
			if err != nil {
				t.Fatal(err)
			}
			p, err := newPlugin(test.settings)
			if test.wantErr != (err != nil) {
				t.Fatalf("New: %v, want an error: %t", err, test.wantErr)
			}
			if err != nil {
				return
			}
			analyzers, err := p.BuildAnalyzers()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range analyzers {
				names = append(names, a.Name)
			}
			if !slices.Contains(names, test.with) || slices.Contains(names, test.without) {
				t.Errorf("analyzers %v, want %s and not %s", names, test.with, test.without)
			}
		})
	}
}
