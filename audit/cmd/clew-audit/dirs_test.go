package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDirs(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	for _, name := range []string{"shop", "mail"} {
		line := event(0, firstTrace, name, "received", `"item":"XYZ.123"`)
		require.Equal(t, exitFound, clewAudit(t, line, "ingest", "-d", filepath.Join(name, "audit")).code)
	}
	require.NoError(t, os.WriteFile("file", nil, 0o644))
	tests := []struct {
		name string
		env  string
		args []string
		want string // the messages that are found
		code int
		err  string
	}{
		{name: "one directory", args: []string{"-d", "shop/audit"}, want: "received"},
		{name: "two directories", args: []string{"-d", "shop/audit", "--dir", "mail/audit"}, want: "received received"},
		{name: "a directory that is given twice", args: []string{"-d", "shop/audit", "-d", "./shop/audit/"}, want: "received"},
		{name: "a pattern", args: []string{"-d", "*/audit"}, want: "received received"},
		{name: "a pattern without a match", args: []string{"-d", "*/nothing"}, code: exitIncomplete, err: "clew-audit: stat */nothing: no such file or directory\n"},
		{name: "the environment", env: "shop/audit", want: "received"},
		{name: "a list in the environment", env: "shop/audit:mail/audit:", want: "received received"},
		{name: "the flag takes precedence over the environment", env: "nothing", args: []string{"-d", "mail/audit"}, want: "received"},
		{name: "a missing directory and a good one", args: []string{"-d", "nothing", "-d", "mail/audit"}, want: "received", code: exitIncomplete, err: "clew-audit: stat nothing: no such file or directory\n"},
		{name: "a missing directory with a hostile name", args: []string{"-d", "\x1b]31m\u202e"}, code: exitIncomplete, err: `clew-audit: stat \x1b]31m\u202e: no such file or directory` + "\n"},
		{name: "a file", args: []string{"-d", "file"}, code: exitIncomplete, err: "clew-audit: read file: it is not a directory\n"},
		{name: "a directory without events", args: []string{"-d", "."}, code: exitNothing, err: "clew-audit: . holds no audit events\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("CLEW_AUDIT_DIR", test.env)
			r := clewAudit(t, "", append([]string{"find", "XYZ.123"}, test.args...)...)
			assert.Equal(t, test.want, shown(r.out))
			assert.Equal(t, test.code, r.code)
			assert.Equal(t, test.err, r.err)
		})
	}
}
