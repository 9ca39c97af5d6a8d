# Short front door.  The build itself is Meson's; see CONTRIBUTING.md.
#
#   make song     install what is missing, build, make a song from a sentence
#   make check    the same, then every test
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 3600

.PHONY: all song check captions build install uninstall bench bench-http bench-musicgen fuzz sanitize soak soak-service chaos gallery measure deb clean help

all: build

song:
	@scripts/packages.sh build
	@scripts/build.sh build
	@scripts/song.sh

check:
	@scripts/packages.sh build check
	@scripts/check.sh

build:
	@scripts/packages.sh build
	@scripts/build.sh build

install: build
	@meson configure build -Dprefix=$(PREFIX) >/dev/null
	@meson install -C build $(if $(DESTDIR),--destdir $(DESTDIR)) >/dev/null
	@echo "installed under $(DESTDIR)$(PREFIX)"

uninstall:
	@ninja -C build uninstall >/dev/null

soak: build
	@scripts/packages.sh build check
	@meson test -C build --no-rebuild --suite soak --timeout-multiplier 0 --print-errorlogs

soak-service: build
	@nice -n 5 tests/api/soak.py build/tunesmith --seconds $(SOAK_SECONDS)

chaos: build
	@scripts/packages.sh build check
	@meson test -C build --no-rebuild --suite soak --print-errorlogs --verbose jobs-chaos jobs-chaos-http

captions: build
	@scripts/packages.sh build check
	@meson test -C build --no-rebuild --suite property --print-errorlogs captions

bench:
	@scripts/packages.sh build bench
	@scripts/build.sh build
	@bench/run.sh

bench-http:
	@scripts/packages.sh build bench
	@scripts/build.sh build
	@bench/http.sh
	@bench/service.sh

bench-musicgen:
	@scripts/packages.sh build bench
	@scripts/build.sh build
	@bench/musicgen.sh

gallery:
	@scripts/packages.sh build gallery
	@scripts/build.sh build
	@scripts/gallery.sh

measure:
	@scripts/packages.sh build measure
	@scripts/build.sh build
	@bench/measure.sh

fuzz:
	@scripts/packages.sh build fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)

sanitize:
	@scripts/packages.sh build check sanitize
	@scripts/sanitize.sh

deb:
	@scripts/packages.sh build deb
	@scripts/deb.sh

clean:
	@rm -rf build build-* out gallery

help:
	@sed -n 's/^#   //p' Makefile
	@echo "also: build install uninstall captions bench bench-http bench-musicgen gallery measure fuzz sanitize soak soak-service chaos deb clean"
