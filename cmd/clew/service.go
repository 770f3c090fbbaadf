package main

import (
	"path/filepath"
	"regexp"
)

var (
	extensionsForm = regexp.MustCompile(`(?i)([-.](` + logExtensions + `))+$`)
	numberOnlyForm = regexp.MustCompile(`^[0-9]+$`)
	containerForm  = regexp.MustCompile(`^[^_]+_[^_]+_(.+)-[0-9a-f]{64}$`) // /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
	containerID    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// serviceOf returns the service whose lines a file has, as far as its name tells: shop of
// shop.log, of shop-json.log.1 and of the kubelet's shop/0.log; of Docker's own files the ID, as
// docker ps has it. It is for lines that do not name their service. "": it tells nothing.
func serviceOf(src *source) string {
	if src.path == "" {
		return ""
	}
	path := src.rotated.set
	name := extensionsForm.ReplaceAllString(filepath.Base(path), "")
	if numberOnlyForm.MatchString(name) {
		if path, err := filepath.Abs(path); err == nil {
			name = filepath.Base(filepath.Dir(path))
		}
	}
	switch m := containerForm.FindStringSubmatch(name); {
	case m != nil:
		name = m[1]
	case containerID.MatchString(name):
		name = name[:12]
	case name == "." || name == string(filepath.Separator):
		return ""
	}
	return name
}
