/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files of 32-bit Arm: what their program headers load into the flash (System V ABI, chapters 4 and 5). */
#include "probe/image_internal.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS = 512 };

static int fail(struct sg_error *err)
{
    return sg_fail(err, SG_EFORMAT, "its headers point outside of it: this is no sound ELF file.");
}

static bool inside(size_t n, uint64_t at, uint64_t size)
{
    return at <= n && size <= n - at;
}

static void add(struct sg_image *im, uint64_t at, uint64_t n, uint64_t address)
{
    im->segment[im->segments++] =
        (struct sg_image_segment){.at = (size_t)at, .n = (size_t)n, .address = address, .addressed = true};
}

/* An executable: what is loaded, where it lies in the flash (p_paddr), not where it is copied to. */
static int add_programs(struct sg_image *im, const Elf32_Ehdr *h, struct sg_error *err)
{
    for (size_t i = 0; i < h->e_phnum; i++) {
        Elf32_Phdr p;
        memcpy(&p, im->data + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_LOAD || p.p_filesz == 0)
            continue;
        if (!inside(im->n, p.p_offset, p.p_filesz))
            return fail(err);
        add(im, p.p_offset, p.p_filesz, p.p_paddr);
    }
    return 0;
}

/* An object file or library member: the sections that a program would load. */
static int add_sections(struct sg_image *im, const Elf32_Ehdr *h, struct sg_error *err)
{
    for (size_t i = 0; i < h->e_shnum; i++) {
        Elf32_Shdr s;
        memcpy(&s, im->data + h->e_shoff + i * sizeof s, sizeof s);
        if (s.sh_type != SHT_PROGBITS || (s.sh_flags & SHF_ALLOC) == 0 || s.sh_size == 0)
            continue;
        if (!inside(im->n, s.sh_offset, s.sh_size))
            return fail(err);
        add(im, s.sh_offset, s.sh_size, s.sh_addr);
    }
    return 0;
}

int sg_image_load_elf(struct sg_image *im, struct sg_bytes file, struct sg_error *err)
{
    Elf32_Ehdr h;
    if (file.n < sizeof h)
        return fail(err);
    memcpy(&h, file.p, sizeof h); /* of the byte order that this file is read in: only little-endian is taken */
    if (h.e_ident[EI_CLASS] != ELFCLASS32 || h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_machine != EM_ARM)
        return SG_EUNSUPPORTED;
    if (h.e_phnum > HEADERS || h.e_shnum > HEADERS ||
        (h.e_phnum > 0 &&
         (h.e_phentsize != sizeof(Elf32_Phdr) || !inside(file.n, h.e_phoff, h.e_phnum * sizeof(Elf32_Phdr)))) ||
        (h.e_shnum > 0 &&
         (h.e_shentsize != sizeof(Elf32_Shdr) || !inside(file.n, h.e_shoff, h.e_shnum * sizeof(Elf32_Shdr)))))
        return fail(err);
    im->data = malloc(file.n);
    im->segment = calloc(HEADERS, sizeof *im->segment);
    if (im->data == NULL || im->segment == NULL)
        return sg_fail(err, SG_ENOMEM, "there is no memory for this image.");
    memcpy(im->data, file.p, file.n);
    im->n = file.n;
    im->format = "ELF";
    int r = add_programs(im, &h, err);
    if (r == 0 && im->segments == 0)
        r = add_sections(im, &h, err);
    return r;
}
